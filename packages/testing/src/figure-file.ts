/** Figures of long runs, which `scripts/reliability.ts` puts on pages. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const figureFile = (name: string): string =>
  join(import.meta.dirname, '../../../.cache', `${name}.json`);

export function writeFigure(name: string, figure: object): void {
  const file = figureFile(name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(figure, null, 2));
}
