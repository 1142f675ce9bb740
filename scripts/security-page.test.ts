import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './steps.ts';

const PAGE = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
const testsIn = (text: string): string[] =>
  [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = '']) => path);

/** Rows of the tables of promises. */
const promises = PAGE.split('\n\n')
  .filter((block) => block.startsWith('| Promised '))
  .flatMap((table) => table.split('\n').slice(2));

test('every promise names a test', () => {
  expect(promises.length).toBeGreaterThan(20);
  for (const promise of promises) expect([promise, testsIn(promise).length > 0]).toEqual([promise, true]);
});

test('every test that is named is there', () => {
  for (const path of testsIn(PAGE)) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
});
