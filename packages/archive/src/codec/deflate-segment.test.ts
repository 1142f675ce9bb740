import { execFileSync } from 'node:child_process';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressedBound } from './codecs.ts';
import { deflateSegment, theDeflater } from './deflate-segment.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { mixedBytes as run, noise, noisy } from './mixed-bytes.fixture.ts';

const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const END = Buffer.from([3, 0]);

function deflated(segment: Uint8Array, level: number): Buffer {
  const target = Buffer.alloc(compressedBound(segment.length));
  return target.subarray(0, deflateSegment(target, 0, segment, level));
}

function inflated(blocks: Buffer): Buffer {
  return inflateRawSync(Buffer.concat([blocks, END]));
}

const level = fc.integer({ min: 1, max: 9 });

test('whatever the bytes and the level, zlib inflates what was deflated, and it fits its bound', () => {
  fc.assert(
    fc.property(run, level, (raw, effort) => {
      const blocks = deflated(raw, effort); // throws beyond the bound
      expect(inflated(blocks).equals(raw)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('the same run gives the same bytes, whatever the thread compressed before', () => {
  fc.assert(
    fc.property(run, run, level, (raw, other, effort) => {
      const first = deflated(raw, effort);
      deflated(other, effort);
      expect(deflated(raw, effort).equals(first)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('runs follow each other into one stream', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 6 }), level, (runs, effort) => {
      const raw = Buffer.concat(runs);
      const target = Buffer.alloc(compressedBound(raw.length));
      let end = 0;
      for (const each of runs) end = deflateSegment(target, end, each, effort);
      expect(inflated(target.subarray(0, end)).equals(raw)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

describe.each(LEVELS)('level %i', (effort) => {
  test.each<readonly [string, Buffer]>([
    ...[0, 1, 2, 3, 4, 5, 7, 8, 9, 257, 258, 259, 260, 516, 517, 65_535, 65_536].map(
      (length) => [`${length} equal bytes`, Buffer.alloc(length, 'a')] as const,
    ),
    ['every byte once', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['every byte often, without order', noisy(200_000)],
    ['two bytes, without order', noisy(100_000, 2)],
    ...[32_766, 32_767, 32_768, 32_769, 65_536].map(
      (distance) => [`a repetition ${distance} bytes away`, repeatedAt(distance)] as const,
    ),
    ['frequencies that would take codes of 25 bits', fibonacci()],
    ['matches of every length', lengths()],
    [
      'text that turns into noise and back',
      Buffer.concat([Buffer.alloc(90_000, 'some text '), noisy(90_000), Buffer.alloc(90_000, 'other ')]),
    ],
  ])('%s', (_, raw) => {
    expect(inflated(deflated(raw, effort)).equals(raw)).toBe(true);
  });
});

/** Nothing else repeats: the bytes between are noise. */
function repeatedAt(distance: number): Buffer {
  const raw = noisy(distance + 300, 256, distance);
  raw.copy(raw, distance, 0, 300);
  return raw;
}

/** Each symbol as frequent as the two before together, in an order without repetitions: the deepest tree there is. */
function fibonacci(): Buffer {
  const counts = [1, 1];
  while (counts.length < 25) counts.push(counts.at(-1)! + counts.at(-2)!);
  const raw = Buffer.concat(counts.map((count, symbol) => Buffer.alloc(count, symbol)));
  const next = noise(7);
  for (let at = raw.length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [raw[at], raw[other]] = [raw[other]!, raw[at]!];
  }
  return raw;
}

function lengths(): Buffer {
  const source = noisy(300, 256, 3);
  const parts = Array.from({ length: 300 }, (_, length) =>
    Buffer.concat([source.subarray(0, length), noisy(3, 256, length + 4)]),
  );
  return Buffer.concat([source, ...parts]);
}

test('from and to shared memory, a frame of more than 2 MiB', () => {
  const raw = Buffer.from(new SharedArrayBuffer(3 * 2 ** 20));
  raw.fill('a line of a log, 127.0.0.1\n');
  noisy(500_000).copy(raw, 1_000_000);
  const target = Buffer.from(new SharedArrayBuffer(compressedBound(raw.length)));
  const end = deflateSegment(target, 17, raw, 6);
  expect(inflated(target.subarray(17, end)).equals(raw)).toBe(true);
});

test('positions that run over start anew', () => {
  const raw = Buffer.alloc(50_000, 'again and again, ');
  const before = deflated(raw, 6);
  for (const left of [49_999, 50_000, 50_001, 0, 1]) {
    theDeflater().skipPositions(0x7fffffff - left);
    expect(deflated(raw, 6).equals(before)).toBe(true);
    expect(deflated(raw, 6).equals(before)).toBe(true);
  }
});

test('a target that is too short is an error, not a write beyond it', () => {
  const target = Buffer.alloc(100, 1);
  expect(() => deflateSegment(target, 50, noisy(60), 6)).toThrow(RangeError);
  expect(target.equals(Buffer.alloc(100, 1))).toBe(true);
});

test('headers of a file shrink to about a seventh', () => {
  const raw = Buffer.alloc(1536);
  const fields = {
    path: 'data/storage/2026/4f3a9c1e55aa.png',
    type: 'file',
    size: 28_713,
    mode: 0o644,
    uid: 0,
    gid: 0,
  } as const;
  expect(writeHeaderBlocks(raw, 0, { ...fields, mtimeNs: 1_700_000_000_123_456_789n })).toBe(1536);
  expect(deflated(raw, 6).length).toBeLessThan(230);
});

describe('not larger than zlib at the same level', () => {
  const next = noise(11);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  const verbs = ['opened', 'closed', 'refused', 'rotated', 'compressed', 'verified'] as const;
  const log = Array.from(
    { length: 6000 },
    (_, n) =>
      `2026-03-${10 + (n >> 9)}T${10 + (n % 13)}:${10 + Math.floor(next() * 49)}:07.${Math.floor(next() * 1000)}Z ${pick(['INFO', 'WARN', 'DEBUG'])} worker-${Math.floor(next() * 8)} ${pick(verbs)} /srv/data/${Math.floor(next() * 1e6).toString(36)} in ${Math.floor(next() * 900)} ms`,
  ).join('\n');
  const json = JSON.stringify(
    Array.from({ length: 3000 }, (_, id) => ({
      id,
      name: pick(verbs),
      size: Math.floor(next() * 1e7),
      ok: next() > 0.2,
      at: next(),
    })),
  );
  const code = execFileSync('cat', codeFiles());

  function codeFiles(): string[] {
    return [
      'codec/codecs',
      'write/create',
      'extract/extract',
      'source/tree/walk',
      'tar/parser',
      'index/file',
      'extract/safety',
      'types',
    ].map((name) => new URL(`../${name}.ts`, import.meta.url).pathname);
  }

  test.each(LEVELS)('level %i', (effort) => {
    for (const [what, text] of Object.entries({ log, json, code })) {
      const raw = Buffer.from(text);
      const zlib = deflateRawSync(raw, { level: effort }).length;
      expect(deflated(raw, effort).length, what).toBeLessThan(zlib * 1.01);
    }
  });
});

test('public tools agree', () => {
  const raw = Buffer.concat([Buffer.alloc(70_000, 'text '), noisy(70_000, 40), lengths()]);
  const blocks = Buffer.concat([deflated(raw, 6), END]);
  const python = 'import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read(), -15))';
  expect(execFileSync('python3', ['-c', python], { input: blocks, maxBuffer: 1 << 22 }).equals(raw)).toBe(
    true,
  );
});
