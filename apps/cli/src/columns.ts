import { oneLine } from '@gofr-backup/model';
import stringWidth from 'string-width';

/** Columns padded to their widest cell, as a terminal shows it, two spaces between; the last one is left as it is. */
export function columns(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, stringWidth(cell))));
  const padded = (cell: string, at: number): string => cell + ' '.repeat(widths[at]! - stringWidth(cell));
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : padded(cell, at))).join('  '),
  );
}
