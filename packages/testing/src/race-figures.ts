/** What long races came to, for docs/reliability.md and docs/security.md. */
import { existsSync, readFileSync } from 'node:fs';
import { figureFile, writeFigure } from './figure-file.ts';
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

/** A shorter run says nothing, unless a round of it takes long. */
const ENOUGH = 10_000;
const asked = Number(process.env['RACE_ROUNDS'] ?? 0);

/** How many rounds: RACE_ROUNDS=10000 makes a figure. */
export const raceRounds = (few: number, many: number): number => asked || tries(few, many);

/** Of a run that was asked for `enough` rounds; what takes long may have had fewer of its own. */
export function recordRace(name: string, figure: RaceFigure, enough = ENOUGH): void {
  if (asked < enough) return;
  const file = figureFile('races');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {};
  writeFigure('races', { ...before, [name]: figure });
}
