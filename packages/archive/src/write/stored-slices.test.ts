import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { FrameTable } from '../index/types.ts';
import { findStored, storedSlices } from './stored-slices.ts';

const SLICE = 1;

function tableOf(digests: readonly Buffer[], rawLength = 1000): FrameTable {
  const count = digests.length;
  return {
    flags: new Uint8Array(count).fill(SLICE),
    offsets: Float64Array.from({ length: count + 1 }, (_, n) => n * 100),
    rawLengths: new Float64Array(count).fill(rawLength),
    crcs: Uint32Array.from({ length: count }, (_, n) => n),
    firstEntries: new Float64Array(count + 1),
    digests: new Uint8Array(Buffer.concat(digests)),
  };
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

test('every slice is found by its digest, and nothing else', () => {
  const digests = Array.from({ length: 5000 }, (_, n) => digestOf(`slice ${n}`));
  const slices = storedSlices(tableOf(digests), 7);
  for (const [n, digest] of digests.entries())
    expect(findStored(slices, digest)).toMatchObject({
      archiveFd: 7,
      offset: n * 100,
      length: 100,
      crc32: n,
    });
  for (let n = 0; n < 1000; n++) expect(findStored(slices, randomBytes(32))).toBeUndefined();
});

test('frames that are no slices, and those that no thread has room for, are not found', () => {
  const digest = digestOf('it');
  const table = tableOf([digest]);
  table.flags[0] = 0;
  expect(findStored(storedSlices(table, 7), digest)).toBeUndefined();
  expect(findStored(storedSlices(tableOf([digest], 1 << 25), 7), digest)).toBeUndefined();
  expect(findStored(storedSlices(tableOf([]), 7), digest)).toBeUndefined();
});

test('a hundred thousand digests that begin alike take no longer than others', () => {
  const alike = Array.from({ length: 100_000 }, (_, n) => {
    const digest = Buffer.alloc(32, 1);
    digest.writeUInt32LE(n, 28);
    return digest;
  });
  const start = performance.now();
  const slices = storedSlices(tableOf(alike), 7);
  expect(performance.now() - start).toBeLessThan(5000);
  expect(findStored(slices, alike[0]!)).toMatchObject({ offset: 0 });
});
