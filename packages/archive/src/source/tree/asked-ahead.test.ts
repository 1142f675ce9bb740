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

test('two chunks are asked for at a time, each once, and failures are none', async () => {
  await using place = await temporaryDirectory();
  mkdirSync(`${place.path}/a`);
  writeFileSync(`${place.path}/b`, '');
  const asked: string[] = [];
  const names = { length: 150, at: (n: number) => ['a', 'b', `none-${n}`][Math.min(n, 2)]! };
  const pathOf = (name: string): Buffer => {
    asked.push(name);
    return Buffer.from(`${place.path}/${name}`);
  };
  const ahead = new AskedAhead();
  await expect(ahead.reach(names, 0, pathOf)).resolves.toBeUndefined();
  expect(ahead.reach(names, 63, pathOf)).toBeUndefined();
  expect(asked).toHaveLength(128);
  await ahead.reach(names, 64, pathOf);
  await ahead.reach(names, 149, pathOf);
  expect(asked).toHaveLength(150);
  expect(new Set(asked).size).toBe(150);
  expect(ahead.reach(names, 150, pathOf)).toBeUndefined();
  expect(ahead.reach({ length: 0, at: () => '' }, 0, pathOf)).toBeUndefined();
});
