import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressedBound } from './codecs.ts';
import { writeGzipMember } from './gzip-member.ts';

/** Bytes with runs, repetitions one block apart, and noise: what headers are made of, and worse. */
const run = fc
  .array(
    fc.oneof(
      fc
        .record({ byte: fc.nat(255), count: fc.nat(700) })
        .map(({ byte, count }) => Buffer.alloc(count, byte)),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes) => Buffer.alloc(1536, bytes)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

test('a member with any mixture of stored and compressed spans is what gunzip expects', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: run, stored: fc.boolean() }), { maxLength: 5 }), (parts) => {
      const raw = Buffer.concat(parts.map(({ bytes }) => bytes));
      let at = 0;
      const spans = parts.flatMap(({ bytes, stored }) => {
        const span = { start: at, end: (at += bytes.length) };
        return stored && bytes.length > 0 ? [span] : [];
      });
      const target = Buffer.alloc(compressedBound(raw.length));
      const end = writeGzipMember(target, raw, spans, 6);
      expect(gunzipSync(target.subarray(0, end))).toEqual(raw);
    }),
  );
});

test('gzip itself agrees, and so do members in a row', () => {
  const raw = Buffer.concat([
    Buffer.alloc(70_000, 'text '),
    Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * n) >> 7)),
  ]);
  const target = Buffer.alloc(compressedBound(raw.length));
  const member = target.subarray(0, writeGzipMember(target, raw, [{ start: 70_000, end: raw.length }], 9));
  const decoded = execFileSync('gzip', ['-dc'], {
    input: Buffer.concat([member, member]),
    maxBuffer: 1 << 20,
  });
  expect(decoded).toEqual(Buffer.concat([raw, raw]));
});
