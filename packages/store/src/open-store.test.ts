import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Half a second of a start-up that most commands have no use for. */
const HEAVY = ['@aws-sdk/client-s3', 'ssh2', 'fast-xml-parser'];

test.each([
  ['file:///tmp/x', []],
  ['s3://bucket?endpoint=http://127.0.0.1:9', ['@aws-sdk/client-s3']],
  ['webdav+http://127.0.0.1:9/', ['fast-xml-parser']],
])('%s loads what it needs, and the package by itself loads nothing heavy', async (url, needed) => {
  const child = fork(join(import.meta.dirname, 'loaded.fixture.ts'), [url]);
  const [told] = (await once(child, 'message')) as [{ before: string[]; after: string[] }];
  child.disconnect();
  expect(told.before).toContain('p-retry');
  expect(HEAVY.filter((name) => told.before.includes(name))).toEqual([]);
  expect(HEAVY.filter((name) => told.after.includes(name))).toEqual(needed);
});
