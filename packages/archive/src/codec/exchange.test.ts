/** A frame in which headers alone have changed: the compressed form of its content is copied, bit by bit. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, crc32, deflateRawSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compressedBound } from './codecs.ts';
import type { ContentSpan } from './digest.ts';
import { EarlierFrame } from './earlier-frame.ts';
import { writeGzipMember } from './gzip-member.ts';
import { mixedBytes, noise, noisy } from './mixed-bytes.fixture.ts';
import type { Stretch } from './stretches.ts';

const directory = mkdtempSync(join(tmpdir(), 'gofr-exchange-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Frame {
  raw: Buffer;
  headers: ContentSpan[];
  stretches: Stretch[];
}

/** Headers that resemble each other, each before a content. */
function frameOf(contents: readonly Buffer[], name: string): Frame {
  const frame: Frame = { raw: Buffer.alloc(0), headers: [], stretches: [] };
  let last: number | undefined;
  for (const [n, content] of contents.entries()) {
    const start = frame.raw.length;
    const header = headerOf(`${name}/${n}`, content.length, 512 * (1 + (n % 3)));
    frame.raw = Buffer.concat([frame.raw, header, content]);
    const end = start + header.length;
    if (content.length === 0 && frame.headers.at(-1)?.end === start) frame.headers.at(-1)!.end = end;
    else frame.headers.push({ start, end });
    frame.stretches.push({ end, kind: 'alike', place: last === undefined ? 0 : start - last });
    if (content.length > 0) frame.stretches.push({ end: frame.raw.length, kind: 'searched', place: 0 });
    last = start;
  }
  return frame;
}

/** Mostly zeros, as those of tar. */
function headerOf(name: string, size: number, length: number): Buffer {
  const header = Buffer.alloc(length);
  for (let at = 0; at < length; at += 512)
    header.write(`${name.padEnd(100, '\0')}0000644\0${size.toString(8).padStart(11, '0')}\0ustar`, at);
  return header;
}

function memberOf({ raw, stretches }: Frame, stored: ContentSpan[], level: number): Buffer {
  const target = Buffer.alloc(compressedBound(raw.length));
  return target.subarray(0, writeGzipMember(target, raw, stored, level, { stretches }));
}

/** A member with the header that ours have, around a deflate stream from elsewhere. */
function foreignMember(raw: Buffer, level: number, strategy: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(raw));
  trailer.writeUInt32LE(raw.length, 4);
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  return Buffer.concat([head, deflateRawSync(raw, { level, strategy }), trailer]);
}

/** As if `member` lay in the previous archive. */
function earlierOf(member: Buffer, rawLength: number, headers: ContentSpan[]): EarlierFrame | undefined {
  const path = join(directory, 'archive');
  writeFileSync(path, member);
  const archiveFd = openSync(path, 'r');
  const place = { archiveFd, offset: 0, length: member.length, rawLength, crc32: crc32(member) };
  try {
    return EarlierFrame.read(place, headers);
  } finally {
    closeSync(archiveFd);
  }
}

/** The member for `now`, when it can be made of `earlier`. */
function exchanged(earlier: EarlierFrame | undefined, now: Buffer): Buffer | undefined {
  const target = Buffer.alloc(compressedBound(now.length));
  const length = earlier?.exchanged(target, now);
  return length === undefined ? undefined : target.subarray(0, length);
}

const contents = fc.array(mixedBytes, { minLength: 1, maxLength: 5 });
const NAMES = ['data/top', 'data/new', 'DATA/TOP', '........', 'data\0top', 'xyzw/abc'];

test('content that is the same keeps its symbols, whatever the headers say now', () => {
  let [made, all] = [0, 0];
  const property = fc.property(
    contents,
    fc.constantFrom(...NAMES),
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    (bodies, name, level, storing) => {
      const old = frameOf(bodies, NAMES[0]!);
      const now = frameOf(bodies, name);
      const { start, end } = { start: old.headers[0]!.end, end: old.headers[1]?.start ?? old.raw.length };
      const member = memberOf(old, storing && end > start ? [{ start, end }] : [], level);
      const result = exchanged(earlierOf(member, old.raw.length, old.headers), now.raw);
      all++;
      if (result === undefined) return;
      made++;
      expect(gunzipSync(result).equals(now.raw)).toBe(true);
      expect(result.length).toBeLessThanOrEqual(member.length + Math.ceil(member.length / 64) + 64);
    },
  );
  fc.assert(property, { numRuns: 300 });
  expect(made / all).toBeGreaterThan(0.8);
});

test('any bytes in the headers, any stream: what is written stands for the bytes, or nothing is', () => {
  const property = fc.property(
    contents,
    fc.array(fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) })),
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom(
      ...[undefined, constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY, constants.Z_FIXED],
    ),
    (bodies, changes, level, strategy) => {
      const old = frameOf(bodies, NAMES[0]!);
      const member =
        strategy === undefined
          ? memberOf(old, [], Math.max(1, level))
          : foreignMember(old.raw, level, strategy);
      const now = Buffer.from(old.raw);
      for (const { at, bytes } of changes) {
        const { start, end } = old.headers[at % old.headers.length]!;
        now.set(bytes.slice(0, end - start), start);
      }
      const result = exchanged(earlierOf(member, old.raw.length, old.headers), now);
      if (result !== undefined) expect(gunzipSync(result).equals(now)).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test('a byte that the block has no code for: the header goes into a block of its own', () => {
  const bodies = Array.from({ length: 12 }, (_, seed) => noisy(5000, 40, seed));
  const old = frameOf(bodies, NAMES[0]!);
  const now = Buffer.from(old.raw);
  for (const { start } of [old.headers[3]!, old.headers[11]!])
    now.write('\x01\xfe\xff', start + 100, 'latin1');
  const earlier = earlierOf(memberOf(old, [], 6), old.raw.length, old.headers);
  expect(gunzipSync(exchanged(earlier, now)!).equals(now)).toBe(true);
});

test('run after run with bytes that blocks have no codes for: the frame does not grow on and on', () => {
  const bodies = Array.from({ length: 80 }, (_, seed) => noisy(900, 90, seed));
  const { raw, headers, stretches } = frameOf(bodies, NAMES[0]!);
  const first = memberOf({ raw, headers, stretches }, [], 6);
  let [member, longest] = [first, 0];
  const next = noise(1);
  for (let run = 0; run < 60; run++) {
    const earlier = earlierOf(member, raw.length, headers);
    for (const { start } of headers) if (next() < 0.05) raw[start + 5] = 128 + next() * 128;
    const made = exchanged(earlier, raw);
    if (made !== undefined) expect(gunzipSync(made).equals(raw)).toBe(true);
    member = made ?? memberOf({ raw, headers, stretches }, [], 6);
    longest = Math.max(longest, member.length);
  }
  expect(longest / first.length).toBeLessThan(1.04);
});

test('content that differs, or a length that does: nothing is written', () => {
  const old = frameOf(
    [Buffer.from('first text '.repeat(300)), Buffer.from('second '.repeat(300))],
    'data/top',
  );
  const earlier = (): EarlierFrame | undefined =>
    earlierOf(memberOf(old, [], 6), old.raw.length, old.headers);
  expect(exchanged(earlier(), old.raw)).toBeDefined();
  for (const at of [old.headers[0]!.end, old.headers[1]!.start - 1, old.raw.length - 1]) {
    const other = Buffer.from(old.raw);
    other[at]! ^= 1;
    expect(exchanged(earlier(), other)).toBeUndefined();
  }
  expect(exchanged(earlier(), Buffer.concat([old.raw, Buffer.of(0)]))).toBeUndefined();
  expect(exchanged(earlier(), old.raw.subarray(1))).toBeUndefined();
});

test('a damaged stream: what is written stands for the bytes, or nothing is', () => {
  const old = frameOf(
    [Buffer.from('first text '.repeat(300)), Buffer.from('second '.repeat(300))],
    'data/top',
  );
  const now = frameOf(
    [Buffer.from('first text '.repeat(300)), Buffer.from('second '.repeat(300))],
    'data/new',
  );
  const member = memberOf(old, [], 6);
  const damage = fc.record({ at: fc.nat(member.length - 1), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (all) => {
      const damaged = Buffer.from(member);
      for (const { at, by } of all) damaged[at]! ^= by;
      const result = exchanged(earlierOf(damaged, old.raw.length, old.headers), now.raw);
      if (result !== undefined) expect(gunzipSync(result).equals(now.raw)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('spans that lie, as a damaged index may tell them, are no harm', () => {
  const old = frameOf(
    [Buffer.from('first text '.repeat(300)), Buffer.from('second '.repeat(300))],
    'data/top',
  );
  const member = memberOf(old, [], 6);
  const spans = fc.array(fc.record({ start: fc.nat(8000), length: fc.integer({ min: 1, max: 9000 }) }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(spans, fc.boolean(), (all, many) => {
      const headers = all.map(({ start, length }) => ({ start, end: start + length }));
      const told = many ? Array.from({ length: 3000 }, (_, n) => ({ start: n, end: n + 1 })) : headers;
      const result = exchanged(earlierOf(member, old.raw.length, told), old.raw);
      if (result !== undefined) expect(gunzipSync(result).equals(old.raw)).toBe(true);
    }),
    { numRuns: 400 },
  );
});
