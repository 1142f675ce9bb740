import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toBytePath } from '@gofr-backup/model';
import { NotRegular, openRegular, openRegularSync, readFileAt, readTextAt } from './regular-file.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: Server | undefined;
const at = (name: string): string => join(place.path, name);
beforeEach(async () => void (place = await temporaryDirectory()));
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await place[Symbol.asyncDispose]();
});

const KINDS: Record<string, (path: string) => void | Promise<void>> = {
  FIFO: (path) => void execFileSync('mkfifo', [path]),
  link: (path) => {
    writeFileSync(at('target'), 'elsewhere');
    symlinkSync(at('target'), path);
  },
  directory: (path) => mkdirSync(path),
  socket: (path) => new Promise((resolve) => (server = createServer().listen(path, resolve))),
};

const WAYS: Record<string, (path: string) => unknown> = {
  openRegularSync: (path) => closeSync(openRegularSync(toBytePath(path))),
  openRegular: async (path) => (await openRegular(path)).close(),
  readFileAt: (path) => readFileAt(toBytePath(path)),
  readTextAt: (path) => readTextAt(path),
};

const CASES = Object.keys(WAYS).flatMap((way) => Object.keys(KINDS).map((kind) => [way, kind] as const));

test.each(CASES)('%s: a %s is refused by its name, and not waited for', async (way, kind) => {
  await KINDS[kind]!(at('file'));
  const opening = async (): Promise<unknown> => WAYS[way]!(at('file'));
  await expect(opening()).rejects.toThrow(NotRegular);
  await expect(opening()).rejects.toThrow(`file is a ${kind}`);
});

test('a link is followed where an operator names it, but not to a FIFO', () => {
  writeFileSync(at('secret'), 'word');
  symlinkSync('secret', at('link'));
  void KINDS['FIFO']!(at('fifo'));
  symlinkSync('fifo', at('link-to-fifo'));
  const read = (name: string) => readFileAt(toBytePath(at(name)), { follow: true });
  expect(read('link')).toBe('word');
  expect(() => read('link-to-fifo')).toThrow('is a FIFO');
});

test('the whole text; nothing where nothing is; none that is too large', async () => {
  const text = 'ä'.repeat(100_000);
  writeFileSync(at('text'), text);
  expect(readFileAt(toBytePath(at('text')))).toBe(text);
  expect(await readTextAt(at('text'))).toBe(text);
  expect(readFileAt(toBytePath(at('none')))).toBeUndefined();
  expect(await readTextAt(at('text/none'))).toBeUndefined();
  truncateSync(at('text'), 2 ** 40);
  expect(() => readFileAt(toBytePath(at('text')))).toThrow(NotRegular);
  await expect(readTextAt(at('text'), 1000)).rejects.toThrow(NotRegular);
});
