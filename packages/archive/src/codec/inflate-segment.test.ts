import { constants, deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressedBound } from './codecs.ts';
import { writeGzipMember, readGzipMember } from './gzip-member.ts';
import { inflateRoom, inflateSegment } from './inflate-segment.ts';
import { mixedBytes } from './mixed-bytes.fixture.ts';

/** What the module makes of a stream, in memory of its own. */
function inflated(stream: Uint8Array, rawLength: number): Buffer | undefined {
  const room = inflateRoom(stream.length, rawLength);
  room.set(stream);
  const done = inflateSegment(room, 0, rawLength);
  return done?.used === stream.length ? Buffer.from(done.raw) : undefined;
}

/** What zlib makes of it; undefined when it is not exactly one stream. */
function reference(stream: Uint8Array): Buffer | undefined {
  try {
    const { buffer, engine } = inflateRawSync(stream, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return engine.bytesWritten === stream.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

const zlibOptions = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FIXED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FILTERED,
  ),
});

test('whatever zlib deflated is inflated, into exactly those bytes', () => {
  fc.assert(
    fc.property(mixedBytes, zlibOptions, (raw, options) => {
      const stream = deflateRawSync(raw, options);
      expect(inflated(stream, raw.length)?.equals(raw)).toBe(true);
      expect(inflated(stream, raw.length + 1)).toBeUndefined();
      if (raw.length > 0) expect(inflated(stream, raw.length - 1)).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

describe('a damaged stream', () => {
  const damage = fc.array(
    fc.record({
      kind: fc.constantFrom('flip', 'cut', 'insert', 'remove'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      by: fc.nat(255),
    }),
    { minLength: 1, maxLength: 3 },
  );

  function damaged(stream: Buffer, steps: { kind: string; at: number; by: number }[]): Buffer {
    for (const { kind, at, by } of steps) {
      const place = Math.min(stream.length - 1, Math.floor(at * stream.length));
      const [head, tail] = [stream.subarray(0, place), stream.subarray(place)];
      if (kind === 'cut') stream = head;
      else if (kind === 'insert') stream = Buffer.concat([head, Buffer.from([by]), tail]);
      else if (kind === 'remove') stream = Buffer.concat([head, tail.subarray(1)]);
      else stream = Buffer.concat([head, Buffer.from([tail[0]! ^ (by || 1)]), tail.subarray(1)]);
      if (stream.length === 0) return Buffer.from([by]);
    }
    return stream;
  }

  test('is refused, or is what zlib takes it for', () => {
    fc.assert(
      fc.property(mixedBytes, zlibOptions, damage, (raw, options, steps) => {
        const stream = damaged(deflateRawSync(raw, options), steps);
        const expected = reference(stream);
        const length = expected?.length ?? raw.length;
        const found = inflated(stream, length);
        if (expected === undefined) expect(found).toBeUndefined();
        else expect(found === undefined || found.equals(expected)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('of noise alone never reaches beyond its room', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 4000 }), fc.nat(70_000), (stream, length) => {
        const found = inflated(stream, length);
        if (found !== undefined) expect(found.equals(reference(stream)!)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('codes that are unusual', () => {
  // a stream's bits, first bit first
  const bits = (text: string): Buffer => {
    const all = text.replaceAll(/[^01]/g, '');
    return Buffer.from(
      (all.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt([...byte].toReversed().join(''), 2)),
    );
  };

  test.each([
    ['a block of an unknown kind', '1 11'],
    ['a stored block whose length is not repeated', `1 00 00000 ${'1'.repeat(32)}`],
    ['a stored block that is longer than the stream', `1 00 00000 ${'1'.repeat(16)}${'0'.repeat(16)}`],
    ['a distance before the beginning', '1 10 0000001 00000 0000000'],
    ['a length code that does not exist', '1 10 00110000 11000110 00000 0000000'],
    ['the other one', '1 10 00110000 11000111 00000 0000000'],
    ['a distance code that does not exist', '1 10 00110000 0000001 11110 0000000'],
    ['another one', '1 10 00110000 0000001 11111 0000000'],
  ])('%s: refused as by zlib', (_, text) => {
    const stream = bits(text);
    expect(reference(stream)).toBeUndefined();
    for (const length of [0, 1, 3, 4, 300]) expect(inflated(stream, length)).toBeUndefined();
  });

  test('only literals, and no code for distances', () => {
    const stream = deflateRawSync(Buffer.from('abcdefgh'.repeat(40)), { strategy: constants.Z_HUFFMAN_ONLY });
    expect(inflated(stream, 320)?.toString()).toBe('abcdefgh'.repeat(40));
  });
});

describe('a gzip member', () => {
  const member = (raw: Buffer): Buffer => {
    const target = Buffer.alloc(compressedBound(raw.length));
    return target.subarray(0, writeGzipMember(target, raw, [], 6));
  };
  const read = (stored: Buffer, rawLength: number): Buffer | undefined => {
    const room = inflateRoom(stored.length, rawLength);
    stored.copy(room);
    return readGzipMember(room, rawLength, true);
  };

  test('of our own is read', () => {
    fc.assert(
      fc.property(mixedBytes, (raw) => {
        expect(read(member(raw), raw.length)?.equals(raw)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('with any bit turned is refused, unless the bit has no meaning', () => {
    const raw = Buffer.from('so many words, so many words, and some numbers: 1 2 3 4 5 6 7 8 9 10');
    const good = member(raw);
    let refused = 0;
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      const found = read(bad, raw.length);
      if (found === undefined) refused++;
      else expect(found.equals(raw) && gunzipSync(bad).equals(raw)).toBe(true);
    }
    // those that fill a byte up
    expect(refused).toBeGreaterThan(good.length * 8 - 16);
  });

  test('that is followed by another, or cut short, is left to zlib', () => {
    const raw = Buffer.from('once more');
    const good = member(raw);
    expect(read(Buffer.concat([good, good]), raw.length)).toBeUndefined();
    for (let length = 0; length < good.length; length++)
      expect(read(good.subarray(0, length), raw.length)).toBeUndefined();
  });
});
