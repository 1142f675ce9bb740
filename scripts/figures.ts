/** Figures that runs left in .cache/, as rows of tables on pages; a page keeps the rows of runs that were not made here. */
import { formatNumber } from '@gofr-backup/model/format';

/** A run's file: how often, and whatever it counted. */
export type Figure = { rounds: number } & Record<string, unknown>;

/** A file holds the figure of one run, or of several by their names. */
export function figuresIn(file: Figure | Record<string, Figure>): [name: string, figure: Figure][] {
  return typeof file.rounds === 'number'
    ? [['', file as Figure]]
    : Object.entries(file as Record<string, Figure>);
}

export interface Run {
  /** the first cell of its row */
  name: string;
  /** the test that makes the figure, from the root */
  test: string;
}

/** `seed 7, 12,345 swaps, 0 outside`: all that was counted, in the order of the file. */
export function countsOf({ rounds: _, ...counted }: Figure): string {
  return Object.entries(counted).flatMap(countOf).join(', ');
}

function countOf([name, value]: [string, unknown]): string[] {
  if (name === 'seed' || name === 'command') return [`${name} \`${String(value)}\``];
  if (typeof value === 'number') return [`${formatNumber(value)} ${wordsOf(name)}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(countOf);
}

/** `safetyBackups` and `safety_backups` are `safety backups`. */
const wordsOf = (name: string): string =>
  name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ');

export const figureRow = ({ name, test }: Run, figure: Figure): string =>
  row([name, formatNumber(figure.rounds), countsOf(figure), `\`${test}\``]);

export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The page with rows in place of those with the same first cell in its block; others stay, new ones come last. */
export function withRows(page: string, block: string, rows: readonly string[]): string {
  const [begin, end] = [`<!-- ${block} -->`, `<!-- end of ${block} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the page has no block of ${block}`);
  const lines = page
    .slice(from + begin.length, to)
    .trim()
    .split('\n');
  const [head, kept] = [lines.slice(0, 2), lines.slice(2)];
  const news = new Map(rows.map((line) => [firstCell(line), line]));
  const stay = kept.map((line) => take(news, firstCell(line)) ?? line);
  const table = [...head, ...stay, ...news.values()];
  return `${page.slice(0, from)}${begin}\n\n${table.join('\n')}\n\n${page.slice(to)}`;
}

const firstCell = (line: string): string => line.split('|')[1]?.trim() ?? '';

function take(rows: Map<string, string>, key: string): string | undefined {
  const found = rows.get(key);
  rows.delete(key);
  return found;
}
