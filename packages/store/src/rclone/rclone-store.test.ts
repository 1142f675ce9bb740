import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMissing, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { describeStore } from '../contract.ts';
import { expectSwept } from '../leftovers.scenario.ts';
import { openStore } from '../open-store.ts';
import { StoreError } from '../store-error.ts';
import type { Store } from '../store.ts';
import { type RcloneChild, startRclone } from './rclone-child.ts';
import { rcloneError } from './rclone-problem.ts';
import { RcloneStore } from './rclone-store.ts';

const PATIENT = 60_000;

describe.skipIf(isMissing('rclone'))('with rclone and a local remote', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let child: RcloneChild;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    child = await startRclone(PATIENT);
  });
  afterAll(async () => {
    await child[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const place = (): string => join(directory.path, randomUUID(), 'not yet');
  /** One child for all tests, as it takes longer to start than they take. */
  const opened = (path: string): Store =>
    new RcloneStore({ server: child.server, [Symbol.asyncDispose]: async () => {} }, `:local:${path}`);

  describeStore('a local remote keeps the contract', async () => {
    const path = place();
    return { store: opened(path), again: opened(path) };
  });

  test('opened by its URL, it is a child of its own, which ends with it', async () => {
    const path = place();
    const store = await openStore(`rclone::local:${path}`);
    await store.put('a/x', text('x'));
    await store.put('a/x', text('y'));
    await store[Symbol.asyncDispose]();
    expect(readdirSync(path)).toEqual(['a']);
    expect(readFileSync(join(path, 'a/x'), 'utf8')).toBe('x');
  });

  test('the first put sweeps what puts left that were killed long ago, and nothing else', async () => {
    const path = place();
    await expectSwept(path, () => opened(path));
  });

  test('killed, this program leaves no rclone behind', async () => {
    const holder = fork(join(import.meta.dirname, 'rclone.holder.ts'));
    const [url] = (await once(holder, 'message')) as [string];
    const answers = () =>
      fetch(url).then(
        () => true,
        () => false,
      );
    expect(await answers()).toBe(true);
    holder.kill('SIGKILL');
    await waitFor(async () => !(await answers()), { what: 'rclone is gone' });
  });

  test('without the password nobody is let in', async () => {
    expect((await fetch(`${child.server.url}rc/noop`, { method: 'POST' })).status).toBe(401);
  });

  test('failures are told by their kind', async () => {
    await using unknown = await openStore('rclone:no-such-remote:x', {}, { patience: false });
    await expect(unknown.put('x', text('x'))).rejects.toMatchObject({ kind: 'misconfigured' });
    const path = place();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'file'), '');
    await expect(opened(join(path, 'file')).put('x', text('x'))).rejects.toBeInstanceOf(StoreError);
  });

  test('a part of a large object comes back', async () => {
    const body = Buffer.alloc(5_000_000);
    for (let at = 0; at + 4 <= body.length; at += 4) body.writeUInt32LE(at, at);
    const store = opened(place());
    await store.put('large', text(body));
    const found: Uint8Array[] = [];
    for await (const bytes of store.read('large', { offset: 1_234_567, length: 2_000_000 }))
      found.push(bytes);
    expect(Buffer.concat(found).equals(body.subarray(1_234_567, 3_234_567))).toBe(true);
  });
});

test('no rclone: it is told so, with what to do', async () => {
  const before = process.env['PATH'];
  await using empty = await temporaryDirectory();
  for (const tool of ['sh', 'cat']) symlinkSync(`/bin/${tool}`, join(empty.path, tool));
  process.env['PATH'] = empty.path;
  try {
    await expect(startRclone(PATIENT)).rejects.toMatchObject({
      kind: 'misconfigured',
      hint: expect.stringContaining('Install'),
    });
  } finally {
    process.env['PATH'] = before;
  }
});

test.each([
  ['500: { "error": "directory not found" }', 'missing'],
  ['500: { "error": "open /x: permission denied" }', 'forbidden'],
  ['500: { "error": "write /x: no space left on device" }', 'full'],
  ['500: { "error": "dial tcp 127.0.0.1:1: connect: connection refused" }', 'unreachable'],
  ['500: { "error": "input/output error" }', 'failed'],
  ['500: { "error": "open /srv/forbidden/403: bad", "input": { "fs": "disk full" } }', 'failed'],
])('%s is %s', (said, kind) => {
  const told = new StoreError('failed', 'x', { why: `the server answers ${said}` });
  expect(rcloneError(told)).toMatchObject({ kind });
});

async function* text(content: string | Buffer): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content as string);
}
