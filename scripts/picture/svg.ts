import type { Cell, Style } from './screen.ts';

const SIZE = { char: 8.43, line: 19, padding: 18, bar: 34 };
const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** A window with these lines, as an SVG document; text stays text, so that it can be searched and copied. */
export function renderWindow(lines: Cell[][], columns: number, title: string): string {
  const width = Math.ceil(columns * SIZE.char + 2 * SIZE.padding);
  const height = SIZE.bar + lines.length * SIZE.line + SIZE.padding;
  const texts = lines
    .map((line, index) => renderLine(line, SIZE.bar + (index + 0.75) * SIZE.line))
    .filter(Boolean);
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, index) => `<circle cx="${20 + index * 18}" cy="17" r="5.5" fill="${color}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">
<rect width="100%" height="100%" rx="9" fill="#0d1117"/>
${lights.join('')}
<g font-family="${FONT}" font-size="14" fill="#c9d1d9">
<text x="${width / 2}" y="21" text-anchor="middle" font-size="12" fill="#8b949e">${escapeXml(title)}</text>
${texts.join('\n')}
</g>
</svg>
`;
}

function renderLine(line: Cell[], y: number): string {
  return styledTexts(line)
    .filter(({ text }) => text.trim() !== '')
    .map(({ column, cells, text, style }) => {
      const x = (SIZE.padding + column * SIZE.char).toFixed(1);
      const length = (cells * SIZE.char).toFixed(1);
      return `<text x="${x}" y="${y.toFixed(1)}" textLength="${length}"${attributes(style)}>${escapeXml(unfolded(text))}</text>`;
    })
    .join('');
}

interface StyledText {
  column: number;
  cells: number;
  text: string;
  style: Style;
}

/** Neighbours of one style are one piece of text. */
function styledTexts(line: Cell[]): StyledText[] {
  const texts: StyledText[] = [];
  line.forEach((cell, column) => {
    const last = texts.at(-1);
    if (last && (['color', 'bold', 'dim'] as const).every((key) => last.style[key] === cell[key])) {
      last.text += cell.char;
      last.cells += 1;
    } else texts.push({ column, cells: 1, text: cell.char, style: cell });
  });
  return texts;
}

/** Spaces that SVG would fold or trim. */
function unfolded(text: string): string {
  return text.replace(/^ | $| {2,}/g, (spaces) => '\u00a0'.repeat(spaces.length));
}

function attributes({ color, bold, dim }: Style): string {
  return `${color ? ` fill="${color}"` : ''}${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.65"' : ''}`;
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
