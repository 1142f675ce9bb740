/**
 * Kills, faults and damage at random, over copies, prunes, verifies and restores of two hosts; after each of them nothing that was
 * told to be copied is lost, what comes back is the very archive, and the next copy is whole. COPY_SEED repeats a run,
 * COPY_ROUNDS=500 makes it as long as docs/reliability.md tells of.
 */
import { seedFrom, temporaryDirectory, tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { makePool } from './pool.fixture.ts';
import { playRound, type Round } from './round.fixture.ts';
import { recordFigure } from './figure.fixture.ts';

const seed = seedFrom('COPY_SEED');
const rounds = Number(process.env['COPY_ROUNDS'] ?? tries(6, 10));

test(
  `nothing is lost in ${rounds} rounds (seed ${seed})`,
  { timeout: 60_000 + rounds * 30_000 },
  async () => {
    await using archives = await temporaryDirectory();
    const pool = await makePool(archives.path);
    const played: Round[] = [];
    for (let n = 0; n < rounds; n++) {
      await using directory = await temporaryDirectory();
      played.push(await playRound(seed + n, directory.path, pool));
      if (played.filter(({ wrong }) => wrong.length > 0).length >= 3) break;
    }
    expect(
      played
        .filter(({ wrong }) => wrong.length > 0)
        .map(report)
        .join('\n\n'),
    ).toBe('');
    expect(idle(played)).toEqual([]);
    recordFigure(played);
  },
);

const report = ({ seed: own, log, wrong }: Round): string =>
  [`COPY_SEED=${own} COPY_ROUNDS=1`, ...log, ...wrong.map((one) => `  ! ${one}`)].join('\n');

/** What refuses everything loses nothing. */
function idle(played: Round[]): string[] {
  const ends = played.flatMap((round) => round.ends);
  return ['copy', 'prune', 'restore'].flatMap((kind) => {
    const all = ends.filter((end) => end.kind.startsWith(kind));
    const done = all.filter(({ code }) => code === 'done').length;
    return all.length < 20 || done > 0.2 * all.length
      ? []
      : [`${done} of ${all.length} times ${kind} was done`];
  });
}
