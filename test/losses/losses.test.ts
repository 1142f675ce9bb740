/**
 * Commands in any order over trees with excluded, foreign, linked and mounted parts; after each of them no byte is gone
 * that no backup holds, no backup that retention kept, and nothing outside has changed. LOSS_SEED repeats a run,
 * LOSS_ROUNDS=2000 makes it as long as docs/reliability.md tells of.
 */
import { isMissing, seedFrom, tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Archives } from './archives.ts';
import { recordFigure } from './figure.ts';
import { mayMount } from './mounts.ts';
import { playRound, type Round } from './round.ts';

const seed = seedFrom('LOSS_SEED');
const rounds = Number(process.env['LOSS_ROUNDS'] ?? tries(16, 24));
/** What is told of a failed run: enough to begin with. */
const TOLD = 5;

const canMount = mayMount();
const title = `nothing is lost in ${rounds} random rounds (seed ${seed}${canMount ? '' : ', without mounts: not root'})`;

test.skipIf(isMissing('python3'))(title, { timeout: 120_000 + rounds * 30_000 }, async () => {
  using archives = new Archives();
  const played: Round[] = [];
  const playOn = async (most: number): Promise<void> => {
    for (let n = played.length; n < most && failed(played).length < TOLD; n++)
      played.push(await playRound(seed + n, archives, canMount));
  };
  await playOn(rounds);
  // Nearly half of all restores are done, but by chance now and then too few of 16 rounds.
  if (idleness(played).length > 0) await playOn(4 * rounds);
  expect(failed(played).map(report).join('\n\n')).toBe('');
  expect(idleness(played)).toEqual([]);
  recordFigure(played);
});

const failed = (played: Round[]): Round[] => played.filter(({ losses }) => losses.length > 0);

const report = ({ seed: own, log, losses }: Round): string =>
  [`LOSS_SEED=${own} LOSS_ROUNDS=1`, ...log, ...losses.map((loss) => `  ! ${loss}`)].join('\n');

/** Which commands were seldom done: a program that refuses everything loses nothing. */
function idleness(played: Round[]): string[] {
  if (played.length < 10) return [];
  return ['backup', 'restore', 'prune', 'verify', 'drill'].flatMap((kind) => {
    const ends = played.flatMap((round) => round.ends.filter((end) => end.kind === kind));
    const done = ends.filter(({ code }) => code === 'done').length;
    return done > 0.25 * ends.length ? [] : [`${done} of ${ends.length} times ${kind} was done`];
  });
}
