/**
 * What `now` calls good, `drill` and `restore` bring back: random trees with every kind of entry, attribute and name,
 * through the command line. TREE_SEED repeats a run, TREE_ROUNDS=2000 makes it as long as docs/reliability.md tells of.
 */
import { join } from 'node:path';
import { isMissing, seedFrom, tries } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Python } from '../python.ts';
import { ENOUGH, recordFigure } from './figure.ts';
import { KNOWN } from './known.ts';
import { playRound, type Round } from './round.ts';

const seed = seedFrom('TREE_SEED');
const rounds = Number(process.env['TREE_ROUNDS'] ?? tries(5, 10));
/** Rounds that are played side by side. */
const AT_ONCE = Number(process.env['TREE_AT_ONCE'] ?? 1);
/** What is told of a failed run: enough to begin with. */
const TOLD = Number(process.env['TREE_TOLD'] ?? 3);

const title = `what is called good comes back, in ${rounds} random trees (seed ${seed})`;

test.skipIf(isMissing('python3'))(title, { timeout: 120_000 + rounds * 30_000 }, async () => {
  const played: Round[] = [];
  let next = seed;
  const play = async (): Promise<void> => {
    using python = new Python(join(import.meta.dirname, 'trees.py'));
    while (next < seed + rounds && failed(played).length < TOLD) played.push(await playRound(next++, python));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, play));
  played.sort((a, b) => a.seed - b.seed);
  expect(failed(played).map(report).join('\n\n')).toBe('');
  expectWork(played);
  recordFigure(played);
});

const failed = (played: Round[]): Round[] => played.filter(({ faults }) => faults.length > 0);

/** What was done to the tree is told of a single round alone: it is long. */
const report = ({ seed: own, log, faults }: Round): string =>
  [
    `TREE_SEED=${own} TREE_ROUNDS=1`,
    ...log.filter((line) => rounds === 1 || !line.startsWith('   ')),
    ...faults.slice(0, rounds === 1 ? 50 : 8).map((fault) => `  ! ${fault}`),
  ].join('\n');

/** What is known must not hide everything, and not be known any longer than it is there. */
function expectWork(played: Round[]): void {
  if (played.length >= 20) {
    const whole = played.filter(({ ends }) => ends.every(({ code }) => code === 0)).length;
    expect(whole / played.length, `${whole} of ${played.length} rounds went through`).toBeGreaterThan(0.6);
  }
  if (played.length >= ENOUGH) {
    const met = new Set(played.flatMap(({ known }) => known));
    expect(KNOWN.map(({ words }) => words).filter((words) => !met.has(words))).toEqual([]);
  }
}
