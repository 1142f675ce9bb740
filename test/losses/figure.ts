/** What a long run came to, for docs/reliability.md (scripts/reliability.ts puts it there). */
import { writeFigure } from '@gofr-backup/testing';
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

/** A shorter run says nothing. */
const ENOUGH = 2000;

export function recordFigure(played: Round[]): void {
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
  writeFigure('losses', figure);
}
