/** What a long run came to, for docs/reliability.md (scripts/reliability.ts puts it there). */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Round } from './round.ts';

export interface LossFigure {
  rounds: number;
  seed: number;
  commands: number;
  /** commands that were refused */
  refused: number;
  backups: number;
  restores: number;
}

export const LOSS_FIGURE = join(import.meta.dirname, '../../.cache/losses.json');
/** A shorter run says nothing. */
const ENOUGH = 2000;

export async function recordFigure(played: Round[]): Promise<void> {
  if (played.length < ENOUGH) return;
  const ends = played.flatMap((round) => round.ends);
  const done = ends.filter(({ code }) => code === 'done');
  const figure: LossFigure = {
    rounds: played.length,
    seed: played[0]!.seed,
    commands: ends.length,
    refused: ends.length - done.length,
    backups: done.filter(({ kind }) => kind === 'backup').length,
    restores: done.filter(({ kind }) => kind === 'restore').length,
  };
  await mkdir(dirname(LOSS_FIGURE), { recursive: true });
  await writeFile(LOSS_FIGURE, JSON.stringify(figure));
}
