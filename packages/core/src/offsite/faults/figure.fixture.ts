/** What a long run came to, for docs/reliability.md (scripts/reliability.ts puts it there). */
import { writeFigure } from '@gofr-backup/testing';
import type { Round } from './round.fixture.ts';

/** A shorter run says nothing. */
const ENOUGH = 300;

export function recordFigure(played: Round[]): void {
  if (played.length < ENOUGH) return;
  const sum = (of: (round: Round) => number): number => played.reduce((all, round) => all + of(round), 0);
  const ends = played.flatMap((round) => round.ends);
  writeFigure('copies', {
    rounds: played.length,
    seed: played[0]!.seed,
    operations: ends.length,
    faults: sum(({ troubles }) => troubles),
    broken_off: ends.filter(({ code }) => code !== 'done').length,
    damages: sum(({ deeds }) => deeds),
    restored_and_compared: sum(({ restored }) => restored),
  });
}
