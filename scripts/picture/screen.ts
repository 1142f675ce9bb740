/** What a terminal shows after some output: enough of ECMA-48 for progress lines and colours. */
export interface Style {
  /** CSS colour; undefined: the terminal's own */
  color: string | undefined;
  bold: boolean;
  dim: boolean;
}
export interface Cell extends Style {
  char: string;
}

const PLAIN: Style = { color: undefined, bold: false, dim: false };
/** The eight colours, then their bright forms, as seen on a dark ground. */
const PALETTE = [
  ...['#6e7681', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#8b949e', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#ffffff'],
];
const SEQUENCE =
  /\x1b\[(?<parameters>[\d;?]*)(?<final>[A-Za-z])|\x1b[\]P][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]|(?<char>[\s\S])/gu;

/** Plays terminal output and answers the lines that stay, top first. */
export function play(output: string, columns: number): Cell[][] {
  const screen = new Screen(columns);
  for (const { groups } of output.matchAll(SEQUENCE)) {
    if (groups?.['char'] !== undefined) screen.type(groups['char']);
    else if (groups?.['final'] !== undefined) screen.control(groups['final'], groups['parameters'] ?? '');
  }
  return screen.lines();
}

class Screen {
  readonly #columns: number;
  #rows: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #style: Style = PLAIN;

  constructor(columns: number) {
    this.#columns = columns;
  }

  lines(): Cell[][] {
    const last = this.#rows.findLastIndex((row) => row.some(({ char }) => char !== ' '));
    return this.#rows.slice(0, last + 1);
  }

  type(char: string): void {
    if (char === '\r') this.#column = 0;
    else if (char === '\n') this.#down(1);
    else if (char === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (char === '\t') this.#column = (Math.floor(this.#column / 8) + 1) * 8;
    else if (char >= ' ') this.#put(char);
  }

  control(final: string, parameters: string): void {
    const [first = 0] = parameters.split(';').map(Number);
    if (final === 'm') this.#restyle(parameters.split(';').map(Number));
    else if (final === 'A') this.#row = Math.max(0, this.#row - (first || 1));
    else if (final === 'B') this.#down(first || 1);
    else if (final === 'C') this.#column += first || 1;
    else if (final === 'D') this.#column = Math.max(0, this.#column - (first || 1));
    else if (final === 'G') this.#column = (first || 1) - 1;
    else if (final === 'K') this.#eraseLine(first);
    else if (final === 'J') this.#eraseBelow();
  }

  #put(char: string): void {
    if (this.#column >= this.#columns) {
      this.#down(1);
      this.#column = 0;
    }
    const row = this.#current();
    while (row.length < this.#column) row.push({ ...PLAIN, char: ' ' });
    row[this.#column] = { ...this.#style, char };
    this.#column += 1;
  }

  #down(lines: number): void {
    this.#row += lines;
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }

  #current(): Cell[] {
    return (this.#rows[this.#row] ??= []);
  }

  /** 0: to the end, 1: from the beginning, 2: all of it */
  #eraseLine(mode: number): void {
    const row = this.#current();
    if (mode === 0) row.length = Math.min(row.length, this.#column);
    else if (mode === 2) row.length = 0;
    else row.fill({ ...PLAIN, char: ' ' }, 0, this.#column + 1);
  }

  #eraseBelow(): void {
    this.#eraseLine(0);
    this.#rows.length = this.#row + 1;
  }

  #restyle(codes: number[]): void {
    for (let index = 0; index < codes.length; index += 1) {
      const code = codes[index] ?? 0;
      if (code === 38) {
        this.#style = { ...this.#style, color: extendedColor(codes.slice(index + 1)) };
        index += codes[index + 1] === 2 ? 4 : 2;
      } else this.#style = restyled(this.#style, code);
    }
  }
}

function restyled(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, color: undefined };
  if (code >= 30 && code <= 37) return { ...style, color: PALETTE[code - 30] };
  if (code >= 90 && code <= 97) return { ...style, color: PALETTE[code - 82] };
  return style;
}

/** `5;n` of the 256 colours, or `2;r;g;b`. */
function extendedColor([kind, ...values]: number[]): string | undefined {
  const [first = 0, green = 0, blue = 0] = values;
  if (kind === 2) return `rgb(${first} ${green} ${blue})`;
  if (first < 16) return PALETTE[first];
  if (first >= 232)
    return `rgb(${Array(3)
      .fill(8 + (first - 232) * 10)
      .join(' ')})`;
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
  const cube = first - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}
