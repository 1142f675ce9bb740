import { mkdirSync, writeFileSync } from 'node:fs';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { AskedAhead } from './asked-ahead.ts';

/** Time passes only where it is told to. */
function scene(): { ahead: AskedAhead; pass: (ms: number) => void } {
  let now = 0;
  return { ahead: new AskedAhead({ monotonic: () => now }), pass: (ms) => void (now += ms) };
}

function* entries(count: number, each: () => void): Generator<number> {
  for (let n = 0; n < count; n++) {
    each();
    yield n;
  }
}

test('a file system that takes a millisecond an answer is slow, one that takes a hundredth is not', () => {
  const { ahead, pass } = scene();
  expect([...ahead.timed(entries(200, () => pass(1)))]).toHaveLength(200);
  expect(ahead.isSlow).toBe(true);
  expect([...ahead.timed(entries(200, () => pass(0.01)))]).toHaveLength(200);
  expect(ahead.isSlow).toBe(false);
});

test('the time for which entries are used is not the time they take', () => {
  const { ahead, pass } = scene();
  for (const _ of ahead.timed(entries(200, () => {}))) pass(1);
  expect(ahead.isSlow).toBe(false);
});

test('what cannot be asked for is no failure', async () => {
  await using place = await temporaryDirectory();
  mkdirSync(`${place.path}/a`);
  writeFileSync(`${place.path}/b`, '');
  const paths = [`${place.path}/a`, Buffer.from(`${place.path}/b`), `${place.path}/none`];
  await expect(new AskedAhead().ask(paths)).resolves.toBeUndefined();
});
