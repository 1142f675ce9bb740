/** The section of docs/performance.md on growth, and its chart. */
import type { Measurement } from './measure.ts';

export interface Growth {
  /** by ascending sizes; the first is a handful of files, which tells what it costs to start */
  works: Record<string, (Measurement & { files: number })[]>;
}

type Sizes = Growth['works'][string];

/** Marginal costs may differ by this factor. */
const MOST_GROWTH = 1.3;
/** Less than that is noise. */
const CPU_STEP = 0.01;
/** A linked run may take so many times what `find` takes. */
const MOST_OF_FIND = 1.5;

export function growthText({ works }: Growth, machine: string): string {
  const ours = Object.entries(works).filter(([work]) => !isPeer(work));
  const sizes = Object.values(works)[0]!.map(({ files }) => files.toLocaleString('en'));
  return `What a file more costs, in trees of files of 0 to 2 KB in directories of 1,000. Measured by \`node bench/growth.ts\`
on ${machine}, with the options of the image; start-up, told by a run with a handful of files, is not counted. CPU, because it is
steadier than wall on a machine that does other things, too. The first column has the start of threads in it, which a handful of files
does without, and code that is not compiled yet.

![Microseconds of CPU a file, by the size of the tree](growth.svg)

${costTable(works)}

The bar: within ${MOST_GROWTH} of each other from ${sizes[1]} to ${sizes.at(-1)} files. ${verdicts(ours)}

${findText(works)}

${memoryTable(works)}`;
}

const isPeer = (work: string): boolean => work.startsWith('find');

interface Step {
  from: number;
  files: number;
  cost: number;
}

/** Microseconds of CPU that a file more costs, from each tree to the next. */
function stepsOf(sizes: Sizes): Step[] {
  return sizes.slice(1).map(({ files, cpu }, n) => {
    const before = sizes[n]!;
    const more = Math.max(cpu - before.cpu, CPU_STEP);
    return { from: before.files, files, cost: (more / (files - before.files)) * 1e6 };
  });
}

/** The greatest cost by the least; up to the smallest tree it has the start of threads and of the compiler in it, too. */
const spreadOf = (sizes: Sizes): number => {
  const of = stepsOf(sizes)
    .slice(1)
    .map(({ cost }) => cost);
  return Math.max(...of) / Math.min(...of);
};

function costTable(works: Growth['works']): string {
  const steps = stepsOf(Object.values(works)[0]!).map(
    ({ from, files }) => `${from.toLocaleString('en')} to ${files.toLocaleString('en')}`,
  );
  const rows = Object.entries(works).map(([work, sizes]) => {
    const numbers = stepsOf(sizes).map(({ cost }) => `${cost.toFixed(1)} µs`);
    return [work, `${sizes[0]!.cpu.toFixed(2)} s`, ...numbers, `${spreadOf(sizes).toFixed(2)} ×`];
  });
  return table(['CPU a file', 'start', ...steps, 'apart'], rows);
}

function verdicts(works: [string, Sizes][]): string {
  const over = works.filter(([, sizes]) => spreadOf(sizes) > MOST_GROWTH);
  if (over.length === 0) return 'Every work keeps to it.';
  const named = over.map(
    ([work, sizes]) => `${work} (${spreadOf(sizes).toFixed(2)} ×, its cost ${courseOf(sizes)})`,
  );
  return `Missed by ${named.join(', ')}.`;
}

function courseOf(sizes: Sizes): string {
  const [, first, ...later] = stepsOf(sizes);
  return later.at(-1)!.cost > first!.cost ? 'grows' : 'falls';
}

function findText(works: Growth['works']): string {
  const [linked, find] = [works['linked run']?.at(-1), works['find -printf']?.at(-1)];
  if (!linked || !find) return '';
  const ratio = linked.cpu / find.cpu;
  const told = ratio <= MOST_OF_FIND ? 'reached' : '**missed**';
  return `The linked run of ${linked.files.toLocaleString('en')} files takes ${linked.cpu.toFixed(2)} CPU s and ${linked.wall.toFixed(2)} s wall, \`find -printf\` of the same attributes
${find.cpu.toFixed(2)} and ${find.wall.toFixed(2)}: ${ratio.toFixed(2)} times as much. The bar is ${MOST_OF_FIND}: ${told}.`;
}

function memoryTable(works: Growth['works']): string {
  const rows = Object.entries(works)
    .filter(([work]) => !isPeer(work))
    .map(([work, sizes]) => [work, ...sizes.map(({ memory }) => `${Math.round(memory / 2 ** 20)} MB`)]);
  const sizes = Object.values(works)[0]!.map(({ files }) => `${files.toLocaleString('en')} files`);
  return table(['peak memory', ...sizes], rows);
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, n) => (n === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** Between the feet of two names. */
const LINE = 15;
const PLOT = { left: 60, top: 20, width: 520, height: 300 };
/** Told apart without colours by the names at their ends. */
const COLOURS = ['#2da44e', '#0969da', '#bf3989', '#bc4c00', '#8250df', '#8c959f'];

/** Cost of a file more over the number of files, both logarithmic: a flat line is a cost that does not grow. */
export function growthChart({ works }: Growth): string {
  const lines = Object.entries(works).map(([work, sizes]) => ({ work, steps: stepsOf(sizes) }));
  const all = lines.flatMap(({ steps }) => steps);
  const files = [...new Set(all.map((step) => step.files))];
  const x = scale(files, PLOT.left, PLOT.width);
  const y = scale(
    all.map(({ cost }) => cost),
    PLOT.top + PLOT.height,
    -PLOT.height,
  );
  const places = lines.map(({ steps }) => steps.map((step): Place => [x(step.files), y(step.cost)]));
  const curves = places.map((of, n) => curve(of, COLOURS[n % COLOURS.length]!));
  const heights = apart(places.map((of) => of.at(-1)![1]));
  const names = lines.map(({ work, steps }, n) =>
    label(x(files.at(-1)!) + 8, heights[n]! + 4, `${work}, ${steps.at(-1)!.cost.toFixed(1)} µs`),
  );
  const bottom = PLOT.top + PLOT.height + 22;
  const sizes = files.map((count) => label(x(count), bottom, count.toLocaleString('en'), 'middle'));
  const style = 'text{font:12px system-ui,sans-serif;fill:#57606a}.t{font-weight:600;fill:#0969da}';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 ${bottom + 18}" role="img" aria-label="Microseconds of CPU a file, by the size of the tree"><style>${style}</style><text x="0" y="12" class="t">CPU of a file more; files in the tree</text>${[...sizes, ...curves, ...names].join('')}</svg>\n`;
}

type Place = [x: number, y: number];

function curve(places: Place[], colour: string): string {
  const dots = places.map(([x, y]) => `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="3" fill="${colour}"/>`);
  const path = places.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join(' ');
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
}

const label = (x: number, y: number, text: string, anchor = 'start'): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${text}</text>`;

/** The heights of names that would lie on each other, moved down as far as they must. */
function apart(heights: number[]): number[] {
  const moved = [...heights];
  let free = -Infinity;
  for (const n of heights.map((_, at) => at).sort((a, b) => heights[a]! - heights[b]!)) {
    moved[n] = Math.max(heights[n]!, free);
    free = moved[n] + LINE;
  }
  return moved;
}

const fixed = (value: number): string => value.toFixed(1);

function scale(values: number[], from: number, length: number): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => from + (high === low ? 0 : ((Math.log(value) - low) / (high - low)) * length);
}
