import { expect, test } from 'vitest';
import { toBytePath } from '@gofr-backup/model';
import { EntrySelection } from './entry-selection.ts';

const ENTRIES = ['data', 'data/a', 'data/a/b', 'data/ab', 'logs', 'logs/\u00ff'].map(toBytePath);

test.each([
  [undefined, ENTRIES],
  [['data/a'], ['data/a', 'data/a/b']],
  [
    ['./data/a/', 'logs/\u00ff'],
    ['data/a', 'data/a/b', 'logs/\u00c3\u00bf'],
  ],
  [['data/a/b', 'logs\\x2f\\xc3\\xbf'], ['data/a/b']],
  [['/'], ENTRIES],
  [[], []],
])('%j takes each path and all below it', (paths, taken) => {
  const selection = new EntrySelection(paths);
  expect(ENTRIES.filter((path) => selection.takes(path))).toEqual(taken);
});

test('a path below another one is used as well', () => {
  const selection = new EntrySelection(['data', 'data/a', 'data/a/b']);
  for (const path of ENTRIES) selection.takes(path);
  expect(() => selection.checkAllUsed()).not.toThrow();
});

test('a path that took nothing is named', () => {
  const selection = new EntrySelection(['data', 'data/c']);
  for (const path of ENTRIES) selection.takes(path);
  expect(() => selection.checkAllUsed()).toThrow(expect.objectContaining({ code: 'NO_SUCH_BACKUP' }));
});

test('directories above what is taken are known', () => {
  const selection = new EntrySelection(['data/a/b']);
  expect(ENTRIES.filter((path) => selection.leadsTo(path))).toEqual(['data', 'data/a']);
});

test('as many paths as entries are no square', () => {
  const paths = Array.from({ length: 100_000 }, (_, n) => `data/${n}/metadata.json`);
  const selection = new EntrySelection(paths);
  const before = performance.now();
  expect(paths.every((path) => selection.takes(path))).toBe(true);
  expect(performance.now() - before).toBeLessThan(5000);
});
