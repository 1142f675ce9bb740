/** Stretches save time. Whatever they say, and whatever matches come with them, the stream is one of the bytes. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressedBound } from './codecs.ts';
import { deflateSegment, useMatches } from './deflate-segment.ts';
import { inflateNoting, inflateRoom, type NotedStream } from './inflate-segment.ts';
import { mixedBytes, noise, noisy } from './mixed-bytes.fixture.ts';
import { type Stretch, STRETCH_KINDS, stretchesWithin } from './stretches.ts';

const END = Buffer.from([3, 0]);
const kind = fc.constantFrom(...(Object.keys(STRETCH_KINDS) as Stretch['kind'][]));
const level = fc.integer({ min: 1, max: 9 });

function deflated(raw: Uint8Array, effort: number, stretches: readonly Stretch[]): Buffer {
  const target = Buffer.alloc(compressedBound(raw.length));
  return target.subarray(0, deflateSegment(target, 0, raw, effort, stretches));
}

const inflated = (blocks: Buffer): Buffer => inflateRawSync(Buffer.concat([blocks, END]));

function noted(stream: Buffer, rawLength: number): NotedStream {
  const room = inflateRoom(stream.length, rawLength, true);
  stream.copy(room);
  return inflateNoting(room, 0, rawLength)!;
}

/** Stretches that end anywhere, the last at the end or before it. */
const stretchesOf = (length: number): fc.Arbitrary<Stretch[]> =>
  fc
    .array(
      fc.record({
        end: fc.nat(length),
        kind,
        place: fc.oneof(fc.nat(length + 10), fc.nat(70_000), fc.nat(0xffff_ffff)),
      }),
      { maxLength: 12 },
    )
    .map((all) => all.toSorted((a, b) => a.end - b.end));

test('any stretches and any numbers in the place of matches: zlib inflates the bytes', () => {
  const hostile = fc
    .array(fc.record({ place: fc.nat(300_000), length: fc.nat(300), distance: fc.nat(65_535) }), {
      maxLength: 200,
    })
    .map((matches) => {
      const bytes = Buffer.alloc(8 * matches.length);
      for (const [n, { place, length, distance }] of matches.entries()) {
        bytes.writeUInt32LE(place, 8 * n);
        bytes.writeUInt16LE(length, 8 * n + 4);
        bytes.writeUInt16LE(distance, 8 * n + 6);
      }
      return bytes;
    });
  const noiseOnly = fc.uint8Array({ maxLength: 4000 }).map((bytes) => bytes.subarray(0, bytes.length & ~7));
  const inputs = mixedBytes.chain((raw) =>
    fc.tuple(fc.constant(raw), stretchesOf(raw.length), fc.oneof(hostile, noiseOnly), level),
  );
  fc.assert(
    fc.property(inputs, ([raw, stretches, matches, effort]) => {
      useMatches(matches);
      expect(inflated(deflated(raw, effort, stretches)).equals(raw)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('the matches of another stream, at places that have moved, are of no harm', () => {
  const inputs = fc.tuple(mixedBytes, mixedBytes, mixedBytes, level, level);
  fc.assert(
    fc.property(inputs, ([before, shared, after, earlier, effort]) => {
      const old = Buffer.concat([before, shared]);
      useMatches(noted(deflateRawSync(old, { level: earlier }), old.length).matches);
      const now = Buffer.concat([after, shared, before]);
      const stretches: Stretch[] = [
        { end: after.length, kind: 'searched', place: 0 },
        { end: after.length + shared.length, kind: 'known', place: before.length },
        { end: now.length, kind: 'known', place: 0 },
      ];
      expect(inflated(deflated(now, effort, stretches)).equals(now)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

const next = noise(1);
const words = Array.from({ length: 400 }, () => Math.floor(next() * 1e8).toString(36));
/** Words that repeat near and far: a longer search finds longer matches. */
const TEXT = Buffer.from(
  Array.from({ length: 12_000 }, () => words[Math.floor(next() ** 3 * words.length)]).join(' '),
).subarray(0, 60_000);

test('what was searched hard for is found again by the least search', () => {
  const best = deflated(TEXT, 9, []);
  const { length } = deflated(TEXT, 1, []);
  useMatches(noted(Buffer.concat([best, END]), TEXT.length).matches);
  const again = deflated(TEXT, 1, [{ end: TEXT.length, kind: 'known', place: 0 }]);
  expect(best.length).toBeLessThan(length * 0.99);
  expect(again.length).toBeLessThanOrEqual(best.length * 1.001);
});

test('a stretch that moved keeps its matches, also those in another that moved by less', () => {
  const old = Buffer.concat([TEXT, TEXT.subarray(30_000)]);
  useMatches(noted(Buffer.concat([deflated(old, 9, []), END]), old.length).matches);
  // the bytes before the border move by 0, those behind it by 1,000
  const now = Buffer.concat([old.subarray(0, 50_000), noisy(1000, 256, 5), old.subarray(50_000)]);
  const [first, inserted, second]: Stretch[] = [
    { end: 50_000, kind: 'known', place: 0 },
    { end: 51_000, kind: 'searched', place: 0 },
    { end: now.length, kind: 'known', place: 50_000 },
  ];
  const again = deflated(now, 1, [first!, inserted!, second!]);
  expect(inflated(again).equals(now)).toBe(true);
  expect(again.length).toBeLessThan(deflated(now, 9, []).length * 1.01);
  // as if the second had not moved, and so nothing had a match
  const lost = deflated(now, 1, [first!, inserted!, { ...second!, place: 51_000 }]);
  expect(again.length).toBeLessThan(lost.length * 0.97);
});

test('one header like another takes little', () => {
  const header = noisy(1024, 256, 3);
  const content = noisy(500, 256, 4);
  const raw = Buffer.concat([header, content, header]);
  const stretches: Stretch[] = [
    { end: 1024, kind: 'alike', place: 0 },
    { end: 1524, kind: 'searched', place: 0 },
    { end: raw.length, kind: 'alike', place: 1524 },
  ];
  expect(deflated(raw, 6, stretches).length).toBeLessThan(1524 + 100);
});

test('stretches within a part count from its beginning', () => {
  const stretches: Stretch[] = [
    { end: 10, kind: 'alike', place: 7 },
    { end: 30, kind: 'known', place: 100 },
    { end: 40, kind: 'searched', place: 0 },
  ];
  expect(stretchesWithin(stretches, 15, 35)).toEqual([
    { end: 15, kind: 'known', place: 105 },
    { end: 20, kind: 'searched', place: 0 },
  ]);
  expect(stretchesWithin(stretches, 0, 10)).toEqual([{ end: 10, kind: 'alike', place: 7 }]);
  expect(stretchesWithin(stretches, 40, 50)).toEqual([]);
});
