/** Puts that were killed, in a store whose root is a directory on this disk. */
import { chmodSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Store } from './store.ts';

/** A week, and a day. */
const LONG_AGO = 8 * 86_400_000;

/** `root` is empty, or not there; `open` answers a store of it that has put nothing yet. */
export async function expectSwept(root: string, open: () => Promise<Store> | Store): Promise<void> {
  mkdirSync(root, { recursive: true });
  // servers write as users of their own
  chmodSync(root, 0o777);
  const old = new Date(Date.now() - LONG_AGO);
  const [left, fresh, ...others] = [
    `.unfinished-${'a'.repeat(16)}`,
    `.unfinished-${'b'.repeat(16)}`,
    '.unfinished-mine',
    '.hidden',
  ] as const;
  for (const name of [left, fresh, ...others]) writeFileSync(join(root, name), 'x');
  for (const name of [left, ...others]) utimesSync(join(root, name), old, old);
  await using store = await open();
  await store.put('x', (async function* () {})());
  expect(readdirSync(root).filter((name) => name !== '.clock')).toEqual([fresh, ...others, 'x'].toSorted());
}
