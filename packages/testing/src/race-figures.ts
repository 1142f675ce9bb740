/** What long races came to, for docs/reliability.md and docs/security.md. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tries } from './tools.ts';

export interface RaceFigure {
  rounds: number;
  /** rounds in which the racing process got in between */
  met: number;
  /** rounds in which something outside was read or changed */
  hits: number;
  /** the same for a program that goes by paths and follows no link it sees: shows that the race can be lost */
  hitsByPath: number;
}

export const RACE_FIGURES = join(import.meta.dirname, '../../../.cache/races.json');
/** A shorter run says nothing. */
const ENOUGH = 10_000;
const asked = Number(process.env['RACE_ROUNDS'] ?? 0);

/** How many rounds: RACE_ROUNDS=10000 makes a figure. */
export const raceRounds = (few: number, many: number): number => asked || tries(few, many);

/** Of a run that was asked for 10,000 rounds; what takes long may have had fewer of its own. */
export function recordRace(name: string, figure: RaceFigure): void {
  if (asked < ENOUGH) return;
  mkdirSync(dirname(RACE_FIGURES), { recursive: true });
  const before = existsSync(RACE_FIGURES) ? JSON.parse(readFileSync(RACE_FIGURES, 'utf8')) : {};
  writeFileSync(RACE_FIGURES, JSON.stringify({ ...before, [name]: figure }, null, 2));
}
