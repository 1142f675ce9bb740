import { fakeClock } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import type { Colours } from './colour.ts';
import { progressOn } from './progress.ts';
import type { Screen } from './screen.ts';

const plain = (text: string): string => text;
const colours: Colours = { good: plain, bad: plain, warn: plain, dim: plain, bold: plain };

function recorded(isTerminal: boolean, width = 120) {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const screen: Screen = { isTerminal, columns: width, line: say, status: say, clear() {} };
  const clock = fakeClock();
  return { said, clock, view: progressOn({ screen, colours, clock }) };
}
const MB = 2 ** 20;

test('a terminal gets a bar with bytes, files, rate and time left, ten times a second at most', () => {
  const { said, clock, view } = recorded(true);
  view.report({ phase: 'extract', bytes: 0, totalBytes: 4 * MB, files: 0, totalFiles: 8 });
  clock.advance(50);
  view.report({ phase: 'extract', bytes: MB / 2, totalBytes: 4 * MB, files: 1, totalFiles: 8 });
  clock.advance(950);
  view.report({ phase: 'extract', bytes: MB, totalBytes: 4 * MB, files: 2, totalFiles: 8 });
  expect(said).toHaveLength(2);
  expect(said[1]).toBe(
    `extract   ${'━'.repeat(6)}${'─'.repeat(18)}   25%  1.00 MB of 4.00 MB  2 of 8 files  1.00 MB/s  0:03 left`,
  );
});

test('facts that do not fit the terminal are left out', () => {
  const { said, clock, view } = recorded(true, 60);
  view.report({ phase: 'extract', bytes: 0, totalBytes: 4 * MB, files: 0 });
  clock.advance(1000);
  view.report({ phase: 'extract', bytes: MB, totalBytes: 4 * MB, files: 2 });
  expect(said.at(-1)?.length).toBeLessThanOrEqual(60);
});

test('elsewhere a line for each phase and every ten seconds', () => {
  const { said, clock, view } = recorded(false);
  for (let second = 0; second < 25; second++) {
    view.report({ phase: 'archive', bytes: second * MB, files: second });
    clock.advance(1000);
  }
  view.report({ phase: 'verify', bytes: MB, files: 1 });
  expect(said).toEqual([
    'archive: 0 B',
    'archive: 10.00 MB, 10 files, 1.00 MB/s',
    'archive: 20.00 MB, 20 files, 1.00 MB/s',
    'archive: done, 24.00 MB, 24 files in 25.0 s',
    'verify: 1.00 MB of ~24.00 MB, 1 file',
  ]);
});

test('a phase without a total is measured by what was expected, until it is exceeded', () => {
  const { said, clock, view } = recorded(true);
  view.expect(4 * MB);
  for (const bytes of [MB, 5 * MB]) {
    view.report({ phase: 'archive', bytes, files: 1 });
    clock.advance(1000);
  }
  expect(said[0]).toContain('1.00 MB of ~4.00 MB');
  expect(said[1]).not.toContain(' of ');
});

test('a phase is measured by its estimate, and says that it is one', () => {
  const { said, clock, view } = recorded(true);
  view.expect(99 * MB);
  view.report({ phase: 'archive', bytes: 0, estimatedBytes: 4 * MB, files: 0 });
  clock.advance(1000);
  view.report({ phase: 'archive', bytes: MB, estimatedBytes: 4 * MB, files: 2 });
  expect(said.at(-1)).toBe(
    `archive   ${'━'.repeat(6)}${'─'.repeat(18)}  ~25%  1.00 MB of ~4.00 MB  2 files  1.00 MB/s  ~0:03 left`,
  );
});

test('the end of long work is 100 %, and says what was done', () => {
  const { said, clock, view } = recorded(true);
  view.report({ phase: 'verify', bytes: MB, totalBytes: 4 * MB, files: 1 });
  clock.advance(2300);
  view.report({ phase: 'verify', bytes: 4 * MB, totalBytes: 4 * MB, files: 3 });
  view.end();
  view.end();
  expect(said.at(-1)).toBe(`verify    ${'━'.repeat(24)}  100%  4.00 MB, 3 files in 2.3 s`);
  expect(said.filter((line) => line.includes('100%  4.00 MB, 3 files in'))).toHaveLength(1);
});

test('under a second there is no rate', () => {
  const { said, clock, view } = recorded(true);
  view.report({ phase: 'extract', bytes: 0, totalBytes: 400 * MB, files: 0 });
  clock.advance(999);
  view.report({ phase: 'extract', bytes: 300 * MB, totalBytes: 400 * MB, files: 2 });
  expect(said.at(-1)).toMatch(/300\.0 MB of 400\.0 MB {2}2 files$/);
  clock.advance(1000);
  view.report({ phase: 'verify', bytes: 300 * MB, totalBytes: 400 * MB, files: 2 });
  expect(said.at(-1)).not.toMatch(/\/s|left/);
});
