/** The digest of a frame, against its definition. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { digestFrame, hashIn } from './digest.ts';
import { noisy } from './mixed-bytes.fixture.ts';

const RAW = noisy(10_240);

const sha256 = (...parts: Buffer[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

test('it covers the headers and the hash of each content', () => {
  const spans = [
    { start: 512, end: 513 },
    { start: 1536, end: 9000 },
    { start: 9000, end: 9700 },
  ];
  const { digest, hashes } = digestFrame(RAW, spans);
  const contents = spans.map(({ start, end }) => sha256(RAW.subarray(start, end)));
  expect(contents.map((_, n) => hashIn(hashes, n))).toEqual(contents);
  const [a, b, c] = contents as [Buffer, Buffer, Buffer];
  expect(digest).toEqual(sha256(RAW.subarray(0, 512), a, RAW.subarray(513, 1536), b, c, RAW.subarray(9700)));
});

test('without content it is that of the bytes', () => {
  expect(digestFrame(RAW, [])).toEqual({ digest: sha256(RAW), hashes: Buffer.alloc(0) });
});
