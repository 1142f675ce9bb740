/** What is around the archive must not grow with the number of backups: counted, because times depend on the machine. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const FIXTURE = join(import.meta.dirname, 'count-calls.fixture.ts');

type Calls = Record<string, number>;
const callsOf = async (operation: string, count: number, kind = 'distinct'): Promise<Calls> =>
  JSON.parse((await run(process.execPath, [FIXTURE, operation, String(count), kind])).stdout) as Calls;
const total = (calls: Calls): number => Object.values(calls).reduce((sum, count) => sum + count, 0);

test('a backup takes the lock once, lists each tier folder once and writes the manifest once a step', async () => {
  const calls = await callsOf('backup', 10);
  expect(calls).toMatchObject({ 'lock taken': 1, 'tier folder listed': 3 });
  // archive, verify and promote, for a week begins; nothing is left to prune
  expect(calls['manifest written']).toBe(3);
});

test.each(['distinct', 'shared'])(
  'a backup looks once at each of the others, and does nothing else with them: %s archives',
  async (kind) => {
    const [few, many] = await Promise.all([callsOf('backup', 10, kind), callsOf('backup', 30, kind)]);
    expect(many).toEqual({ ...few, lstat: (few['lstat'] ?? 0) + 20 });
  },
);

// names and weights for the plan; verify and extraction see each entry, too, but not again to check it
test.each([
  { operation: 'describe', kind: 'distinct', decodings: 0, passes: 2 },
  { operation: 'restore', kind: 'distinct', decodings: 2, passes: 3 },
  { operation: 'restore', kind: 'unindexed', decodings: 2, passes: 3 },
  { operation: 'restore', kind: 'foreign', decodings: 2, passes: 3 },
  { operation: 'drill', kind: 'distinct', decodings: 2, passes: 3 },
  { operation: 'drill', kind: 'unindexed', decodings: 2, passes: 3 },
])(
  '$operation checks every entry once, and decodes what it reads once to verify it, once to write it: $kind',
  async ({ operation, kind, decodings, passes }) => {
    const calls = await callsOf(operation, 1, kind);
    expect(calls['entries']).toBeGreaterThan(1);
    expect(calls['entry checked']).toBe(calls['entries']);
    expect(calls['archive decoded'] ?? 0).toBe(decodings);
    expect(calls['entries read']).toBe(passes);
  },
);

test.each([
  ['prune', 'distinct'],
  ['verify', 'distinct'],
  ['verify', 'shared'],
])('twice as many backups are twice the work: %s, %s archives', async (operation, kind) => {
  const [some, more, most] = await Promise.all([6, 12, 24].map((count) => callsOf(operation, count, kind)));
  expect(total(most!) - total(more!)).toBe(2 * (total(more!) - total(some!)));
  expect(most).toMatchObject({ 'lock taken': 1, 'tier folder listed': 3, 'manifest written': 1 });
});
