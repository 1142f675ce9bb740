/** What a long run came to, for docs/reliability.md (scripts/reliability.ts puts it there). */
import { writeFigure } from '@gofr-backup/testing';
import type { Round } from './round.ts';

export interface TreeFigure {
  rounds: number;
  seed: number;
  entries: number;
  bytes: number;
  commands: number;
  backups: number;
  restores: number;
  /** rounds that met only what is known and not mended yet, by its words */
  known: Record<string, number>;
}

/** A shorter run says nothing. */
export const ENOUGH = 2000;

export function recordFigure(played: Round[]): void {
  if (played.length < ENOUGH) return;
  const sum = (of: 'entries' | 'bytes'): number => played.reduce((all, round) => all + round[of], 0);
  const known = Map.groupBy(
    played.flatMap((round) => [...new Set(round.known)]),
    (words) => words,
  );
  const ends = played.flatMap((round) => round.ends);
  const done = (verb: string): number => ends.filter((end) => end.verb === verb && end.code === 0).length;
  const figure: TreeFigure = {
    rounds: played.length,
    seed: played[0]!.seed,
    ...{ entries: sum('entries'), bytes: sum('bytes') },
    ...{ commands: ends.length, backups: done('now'), restores: done('restore') },
    known: Object.fromEntries([...known].map(([words, all]) => [words, all.length])),
  };
  writeFigure('trees', figure);
}
