import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, crc32, createDeflateRaw, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compressedBound } from './codecs.ts';
import type { ContentSpan } from './digest.ts';
import { EarlierFrame } from './earlier-frame.ts';
import { writeGzipMember } from './gzip-member.ts';
import { mixedBytes, noise } from './mixed-bytes.fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'gofr-earlier-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Repetitions of many lengths, which levels find more or fewer of. */
function wordy(seed: number): Buffer {
  const next = noise(seed);
  return Buffer.from(
    Array.from({ length: 3000 }, () => (next() ** 3 * 500).toString(36).slice(0, 5)).join(' '),
  );
}

/** A frame: texts to compress, noise between that is stored. */
function frameOf(texts: readonly Uint8Array[]): { raw: Buffer; noise: ContentSpan[] } {
  const parts: Buffer[] = [];
  const noise: ContentSpan[] = [];
  let at = 0;
  for (const text of texts) {
    const between = randomBytes(4096);
    parts.push(Buffer.from(text), between);
    noise.push({ start: at + text.length, end: at + text.length + between.length });
    at += text.length + between.length;
  }
  return { raw: Buffer.concat(parts), noise };
}

function memberOf({ raw, noise }: ReturnType<typeof frameOf>, level: number, earlier?: EarlierFrame): Buffer {
  const target = Buffer.alloc(compressedBound(raw.length) + 5 * noise.length);
  return target.subarray(0, writeGzipMember(target, raw, noise, level, { earlier }));
}

/** As if `member` lay in the previous archive, and its index said that it holds `rawLength` bytes. */
function segmentsOf(member: Uint8Array, rawLength: number): EarlierFrame | undefined {
  const path = join(directory, 'archive');
  writeFileSync(path, member);
  const archiveFd = openSync(path, 'r');
  try {
    return EarlierFrame.read({
      archiveFd,
      offset: 0,
      length: member.length,
      rawLength,
      crc32: crc32(member),
    });
  } finally {
    closeSync(archiveFd);
  }
}

/** A member with the header that ours have, around a deflate stream from elsewhere. */
function gzipOf(raw: Buffer, stream: readonly Buffer[]): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(raw));
  trailer.writeUInt32LE(raw.length, 4);
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), ...stream, trailer]);
}

test('runs that are as they were are taken over, and only those', () => {
  const [same, before, now] = [1, 2, 3].map(wordy);
  const old = frameOf([same!, before!]);
  const earlier = segmentsOf(memberOf(old, 1), old.raw.length);
  expect(earlier!.find(now!)).toBeUndefined();
  const known = Buffer.from(earlier!.find(same!)!);
  const frame = frameOf([now!, same!]);
  const member = memberOf(frame, 9, segmentsOf(memberOf(old, 1), old.raw.length));
  expect(gunzipSync(member).equals(frame.raw)).toBe(true);
  // level 9 would have made other bytes of it
  expect(member.includes(known)).toBe(true);
  expect(memberOf(frame, 9).includes(known)).toBe(false);
});

test('whatever changed, the member is one of the new bytes', () => {
  fc.assert(
    fc.property(
      fc.array(mixedBytes, { minLength: 1, maxLength: 4 }),
      fc.array(fc.oneof(fc.nat(3), mixedBytes), { minLength: 1, maxLength: 4 }),
      (texts, next) => {
        const old = frameOf(texts);
        const frame = frameOf(
          next.map((one) => (typeof one === 'number' ? texts[one % texts.length]! : one)),
        );
        const member = memberOf(frame, 6, segmentsOf(memberOf(old, 6), old.raw.length));
        expect(gunzipSync(member).equals(frame.raw)).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

test('a damaged frame costs nothing but time', () => {
  const [one, two] = [Buffer.from('first text '.repeat(300)), Buffer.from('second text '.repeat(300))];
  const old = frameOf([one, two]);
  const member = memberOf(old, 6);
  const damage = fc.record({ at: fc.nat(member.length - 1), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: -2, max: 2 }),
      (all, off) => {
        const damaged = Buffer.from(member);
        for (const { at, by } of all) damaged[at]! ^= by;
        const frame = frameOf([two, one]);
        const made = memberOf(frame, 6, segmentsOf(damaged, old.raw.length + off));
        expect(gunzipSync(made).equals(frame.raw)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('a frame that ends before its length, or is none, has no runs', () => {
  const old = frameOf([Buffer.from('text '.repeat(500))]);
  const member = memberOf(old, 6);
  const cut = join(directory, 'cut');
  writeFileSync(cut, member.subarray(0, 1000));
  const archiveFd = openSync(cut, 'r');
  const { length: rawLength } = old.raw;
  const place = { archiveFd, offset: 0, length: member.length, rawLength, crc32: crc32(member) };
  expect(EarlierFrame.read(place)).toBeUndefined();
  closeSync(archiveFd);
  expect(segmentsOf(member, rawLength)).toBeDefined();
  expect(segmentsOf(member, rawLength + 1)).toBeUndefined();
  expect(segmentsOf(randomBytes(5000), 9000)).toBeUndefined();
});

test('nor has one that the disk cannot read', () => {
  const directoryFd = openSync(directory, 'r');
  const place = { archiveFd: directoryFd, offset: 0, length: 100, rawLength: 100, crc32: 0 };
  expect(EarlierFrame.read(place)).toBeUndefined();
  closeSync(directoryFd);
});

test('one that is longer than its bytes is left: there might be no room for it', () => {
  const text = Buffer.from('text');
  // a thousand empty stored blocks, then the text in one: a valid stream that takes 1,250 times as much
  const empty = Buffer.from([0, 0, 0, 0xff, 0xff]);
  const parts = [...Array.from({ length: 1000 }, () => empty), Buffer.from([0, 4, 0, 0xfb, 0xff]), text];
  const bloated = gzipOf(text, [...parts, Buffer.from([3, 0])]);
  expect(gunzipSync(bloated).equals(text)).toBe(true);
  expect(segmentsOf(bloated, text.length)!.find(text)).toBeUndefined();
});

test('a part that refers to what was before it is of no use anywhere else', async () => {
  const half = randomBytes(3000);
  const deflate = createDeflateRaw();
  const parts: Buffer[] = [];
  deflate.on('data', (part: Buffer) => parts.push(part));
  for (const part of [Buffer.concat([half, Buffer.of(0)]), half]) {
    deflate.write(part);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  }
  deflate.end();
  await once(deflate, 'end');
  const raw = Buffer.concat([half, Buffer.of(0), half]);
  const foreign = gzipOf(raw, parts);
  expect(gunzipSync(foreign).equals(raw)).toBe(true);
  const frame = frameOf([half]);
  const member = memberOf(frame, 6, segmentsOf(foreign, raw.length));
  expect(gunzipSync(member).equals(frame.raw)).toBe(true);
});
