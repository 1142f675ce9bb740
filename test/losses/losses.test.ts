/**
 * Commands in any order over trees with excluded, foreign, linked and mounted parts; after each of them no byte is gone
 * that no backup holds, no backup that retention kept, and nothing outside has changed. LOSS_SEED repeats a run,
 * LOSS_ROUNDS=2000 makes it as long as docs/reliability.md tells of.
 */
import { isMissing, tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Archives } from './archives.ts';
import { recordFigure } from './figure.ts';
import { mayMount } from './mounts.ts';
import { playRound, type Round } from './round.ts';

const seed = Number(process.env['LOSS_SEED'] ?? Math.floor(performance.timeOrigin) % 1_000_000);
const rounds = Number(process.env['LOSS_ROUNDS'] ?? tries(16, 24));
/** What is told of a failed run: enough to begin with. */
const TOLD = 5;

const canMount = mayMount();
const title = `nothing is lost in ${rounds} random rounds (seed ${seed}${canMount ? '' : ', without mounts: not root'})`;

test.skipIf(isMissing('python3'))(title, { timeout: 120_000 + rounds * 30_000 }, async () => {
  using archives = new Archives();
  const played: Round[] = [];
  for (let n = 0; n < rounds && failed(played).length < TOLD; n++)
    played.push(await playRound(seed + n, archives, canMount));
  expect(failed(played).map(report).join('\n\n')).toBe('');
  expectWork(played);
  await recordFigure(played);
});

const failed = (played: Round[]): Round[] => played.filter(({ losses }) => losses.length > 0);

const report = ({ seed: own, log, losses }: Round): string =>
  [`LOSS_SEED=${own} LOSS_ROUNDS=1`, ...log, ...losses.map((loss) => `  ! ${loss}`)].join('\n');

/** A program that refuses everything loses nothing. */
function expectWork(played: Round[]): void {
  if (played.length < 10) return;
  for (const kind of ['backup', 'restore', 'prune', 'verify', 'drill']) {
    const ends = played.flatMap((round) => round.ends.filter((end) => end.kind === kind));
    const done = ends.filter(({ code }) => code === 'done').length;
    expect(done / ends.length, `${done} of ${ends.length} times ${kind} was done`).toBeGreaterThan(0.25);
  }
}
