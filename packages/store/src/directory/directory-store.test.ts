import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '@gofr-backup/testing';
import { describeStore } from '../contract.ts';
import { expectSwept } from '../leftovers.scenario.ts';
import { NoSuchObject } from '../store-error.ts';
import { DirectoryStore } from './directory-store.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let root: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  root = join(directory.path, 'not', 'there', 'yet');
});
afterEach(() => directory[Symbol.asyncDispose]());

describeStore('a directory keeps the contract', async () => ({
  store: new DirectoryStore(root),
  again: new DirectoryStore(root),
}));

test('a put that is killed leaves no object, and its name free', async () => {
  const child = fork(join(import.meta.dirname, 'put.fixture.ts'), [root]);
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = new DirectoryStore(root);
  expect(await listed(store)).toEqual([]);
  expect(await store.size('a/x')).toBeUndefined();
  expect(await store.put('a/x', one('whole'))).toBe('stored');
  expect(await listed(store)).toEqual(['a/x']);
});

test('what others put there is no object: links, FIFOs, hidden files, names that no store has', async () => {
  mkdirSync(join(root, 'A Folder'), { recursive: true });
  writeFileSync(join(root, 'A Folder', 'x'), 'x');
  writeFileSync(join(root, '.hidden'), 'x');
  symlinkSync('/etc/hostname', join(root, 'link'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  const store = new DirectoryStore(root);
  expect(await listed(store)).toEqual([]);
  for (const name of ['link', 'fifo']) {
    expect(await store.size(name)).toBeUndefined();
    await expect(store.read(name)[Symbol.asyncIterator]().next()).rejects.toThrow(NoSuchObject);
  }
  await store.remove('link');
  expect(existsSync(join(root, 'link'))).toBe(true);
});

test('the first put sweeps what puts left that were killed long ago, and nothing else', () =>
  expectSwept(root, () => new DirectoryStore(root)));

test('nothing is left beside the objects', async () => {
  const store = new DirectoryStore(root);
  await store.put('a/x', one('x'));
  await store.put('a/x', one('y'));
  await store.remove('a/x');
  expect(readdirSync(root)).toEqual(['a']);
});

async function* one(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function listed(store: DirectoryStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list()) names.push(name);
  return names;
}
