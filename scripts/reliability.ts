/**
 * The tables of docs/reliability.md and docs/security.md from what runs observed: `node scripts/reliability.ts` after
 * `.ci/run`, or after a long run of one of the suites named below. A row whose run was not made here stays as it is.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { figureFile } from '@gofr-backup/testing';
import { type Observation, OBSERVATIONS } from '../test/containers/reliability.ts';
import { type Figure, figureRow, figuresIn, row, type Run, withRows } from './figures.ts';
import { ROOT } from './steps.ts';

/** By the name of the file in .cache/ that the run leaves, and the name of the run in it where it holds several. */
const LOSSES: Record<string, Run> = {
  losses: {
    name: 'Two projects, damage and clocks, commands in any order',
    test: 'test/losses/losses.test.ts',
  },
  copies: {
    name: 'Copies in a store: two hosts, kills, faults and damage at any call',
    test: 'packages/core/src/offsite/faults/rounds.test.ts',
  },
  kills: {
    name: 'Copies in a store: the program killed (SIGKILL) on a real one',
    test: 'test/copies/kills.test.ts',
  },
  trees: { name: 'Trees of every kind of entry, attribute and name', test: 'test/trees/trees.test.ts' },
};
const RACES: Record<string, Run> = {
  'races backup': { name: 'A backup', test: 'packages/archive/src/write/racing.test.ts' },
  'races walk': { name: 'The walk alone', test: 'packages/archive/src/write/racing.test.ts' },
  'races removal': { name: 'Removing a tree', test: 'packages/posix/src/remove-tree.test.ts' },
  'races restore': { name: 'A restore', test: 'packages/core/src/operations/restore-races.test.ts' },
};

function rowsOf(runs: Record<string, Run>): string[] {
  const files = new Set(Object.keys(runs).map((run) => run.split(' ')[0]!));
  return [...files].flatMap((file) => {
    if (!existsSync(figureFile(file))) return [];
    const figures = figuresIn(JSON.parse(readFileSync(figureFile(file), 'utf8')) as Figure);
    return figures.map(([name, figure]) => figureRow(runOf(runs, `${file} ${name}`.trim()), figure));
  });
}

function runOf(runs: Record<string, Run>, key: string): Run {
  const run = runs[key];
  if (run === undefined)
    throw new Error(`.cache/ holds figures of \`${key}\`, which scripts/reliability.ts does not know`);
  return run;
}

function faultRows(): string[] {
  if (!existsSync(OBSERVATIONS)) return [];
  const lines = readFileSync(OBSERVATIONS, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { fault, during, after, recovery } = JSON.parse(line) as Observation;
    return row([fault, during, after, recovery > 0 ? `${recovery.toFixed(0)} s` : '']);
  });
}

function write(page: string, blocks: Record<string, string[]>): void {
  const file = join(ROOT, 'docs', page);
  let text = readFileSync(file, 'utf8');
  for (const [block, rows] of Object.entries(blocks)) {
    text = withRows(text, block, rows);
    console.log(
      `docs/${page}, ${block}: ${rows.length === 0 ? 'no run here, left as it is' : `${rows.length} rows`}`,
    );
  }
  writeFileSync(file, text);
  execFileSync(join(ROOT, 'node_modules/.bin/prettier'), ['--write', file]);
}

write('reliability.md', { faults: faultRows(), losses: rowsOf(LOSSES) });
write('security.md', { races: rowsOf(RACES) });
