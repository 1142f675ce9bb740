import { open, stat, truncate, writeFile } from 'node:fs/promises';
import { BackupError } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inside, sha256 } from '../write/create.fixture.ts';
import { decodeIndex, loadIndex } from './whole-index.ts';
import { type ArchiveIndex, openIndex, sharedIndex } from './file.ts';
import { TRAILER_BYTES } from './footer.ts';
import type { PagedEntry } from './page.ts';
import type { IndexEntry, IndexFacts } from './types.ts';
import { IndexWriter, type WrittenFrame } from './writer.ts';

type Framed = { frame: WrittenFrame; entries: PagedEntry[] };

const byteString = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const time = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
const count = fc.maxSafeNat();
const entry: fc.Arbitrary<PagedEntry> = fc
  .record({
    path: byteString,
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink'),
    size: fc.nat(1000),
    mode: fc.nat(0o7777),
    uid: fc.nat(2 ** 31),
    gid: fc.nat(2 ** 31),
    mtimeNs: time,
    ctimeNs: time,
    ino: fc.nat({ max: 2 ** 31 }).map((n) => n * 2 ** 20),
    sparse: fc.boolean(),
    sliced: fc.boolean(),
    headerLength: fc.nat(20).map((blocks) => blocks * 512),
    linkTarget: byteString,
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
  })
  .map(({ linkTarget, hash, ...rest }) => ({
    ...rest,
    ...(rest.type === 'symlink' || rest.type === 'hardlink' ? { linkTarget } : {}),
    ...(rest.type === 'file' && !rest.sliced ? { hash } : {}),
  }));
const framed: fc.Arbitrary<Framed> = fc.record({
  frame: fc.record({
    kind: fc.constantFrom('entries', 'slice', 'end'),
    length: fc.nat(2 ** 30),
    rawLength: fc.constant(2 ** 40),
    crc32: fc.nat(0xffffffff),
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    reusable: fc.boolean(),
  }),
  entries: fc.array(entry, { maxLength: 5 }),
});

async function written(frames: Iterable<Framed>, path: string): Promise<IndexFacts> {
  const file = await open(path, 'w');
  const writer = new IndexWriter(file);
  let archiveSize = 0;
  for (const { frame, entries } of frames) {
    archiveSize += frame.length;
    await writer.add(frame, entries);
  }
  const facts: IndexFacts = {
    codec: 'zstd',
    level: 3,
    archiveSha256: sha256(Buffer.of()),
    archiveSize,
    walkStartNs: '123',
  };
  await writer.finish(facts);
  await file.close();
  return facts;
}

test('what is written is read back', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  await fc.assert(
    fc.asyncProperty(fc.array(framed, { maxLength: 30 }), async (frames) => {
      const facts = await written(frames, path);
      const opened = await openIndex(path);
      for (const index of [
        await loadIndex(path),
        opened.index,
        sharedIndex(structuredClone(opened.shared)),
        sharedIndex(structuredClone(opened.shared), { freesPages: true }),
      ]) {
        expect(index.facts).toEqual(facts);
        expect(index.frameCount).toBe(frames.length);
        for (const [n, { frame, entries }] of frames.entries()) {
          expect(index.frame(n)).toMatchObject(frame);
          expect(index.entriesOf(n).map(paged)).toEqual(entries);
        }
      }
      await opened.close();
    }),
    { numRuns: 60 },
  );
});

test('the memory of a page is freed when the next is read, where the reader says so', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  const [sample] = fc.sample(framed, { numRuns: 1, seed: 1 });
  const file = {
    type: 'file',
    sliced: false,
    hash: Buffer.alloc(32, 7),
    size: 1,
    headerLength: 512,
  } as const;
  const facts = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 5n, ctimeNs: 6n, ino: 7, sparse: false };
  const entries = Array.from({ length: 600 }, (_, n) => ({ ...facts, ...file, path: `file-${n}` }));
  const frame = { ...sample!.frame, kind: 'entries' as const };
  await written(
    [
      { frame, entries },
      { frame, entries },
    ],
    path,
  );
  const opened = await openIndex(path);
  const [kept, freed] = [{}, { freesPages: true }].map((use) => {
    const index = sharedIndex(opened.shared, use);
    const { hash } = index.entriesOf(0)[5]!;
    expect(index.entriesOf(1)[599]!.hash).toEqual(file.hash);
    return hash!;
  });
  expect(kept).toEqual(file.hash);
  expect(freed!.length).toBe(0);
  await opened.close();
});

test('a damaged index is refused or answers ARCHIVE_DAMAGED, whatever was done to it', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  const damage = fc.record({
    at: count,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    cut: fc.nat(100),
  });
  await written(fc.sample(framed, { numRuns: 20, seed: 7 }), path);
  const good = await readWhole(path);
  fc.assert(
    fc.property(damage, fc.boolean(), ({ at, bytes, cut }, sealed) => {
      const bad = Buffer.from(good);
      bad.set(bytes.slice(0, bad.length - (at % bad.length)), at % bad.length);
      if (sealed) seal(bad);
      expectRefusal(sealed ? bad : bad.subarray(0, bad.length - cut), good);
    }),
    { numRuns: 1000 },
  );
});

test('no bit of its trailer may be another', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  await written(fc.sample(framed, { numRuns: 20, seed: 7 }), path);
  const good = await readWhole(path);
  for (let bit = 8 * (good.length - TRAILER_BYTES); bit < 8 * good.length; bit++) {
    const bad = Buffer.from(good);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeIndex(bad), `bit ${bit}`).toThrow(BackupError);
  }
});

test('a damaged index is no other from its file than in memory', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  await written(fc.sample(framed, { numRuns: 20, seed: 7 }), path);
  const good = await readWhole(path);
  await fc.assert(
    fc.asyncProperty(count, fc.nat(255), fc.boolean(), async (at, byte, sealed) => {
      const bad = Buffer.from(good);
      bad[at % bad.length] = byte;
      if (sealed) seal(bad);
      await writeFile(path, bad);
      const inMemory = await outcomeOf(async () => [...decodeIndex(bad).entries()]);
      const fromFile = await outcomeOf(async () => {
        const { index, close } = await openIndex(path);
        try {
          return [...index.entries()];
        } finally {
          await close();
        }
      });
      expect(fromFile).toEqual(inMemory);
    }),
    { numRuns: 200 },
  );
});

test('frames can be asked for in any order', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  const frames = Array.from({ length: 12 }, (_, n) => tinyFrame(n, Buffer.alloc(32)));
  for (const { entries } of frames) entries.length = 100;
  await written(frames, path);
  const index = await loadIndex(path);
  fc.assert(
    fc.property(fc.array(fc.nat(11)), (order) => {
      for (const n of order) expect(index.entriesOf(n).map(paged)).toEqual(frames[n]!.entries);
    }),
  );
});

test('a page that changes after the index was opened is refused', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  await written(
    Array.from({ length: 20 }, (_, n) => tinyFrame(n, Buffer.alloc(32))),
    path,
  );
  const good = await readWhole(path);
  const { index, close } = await openIndex(path);
  expect(index.entriesOf(0)).toHaveLength(400);
  await writeFile(
    path,
    good.map((byte, at) => (at > good.length / 2 ? byte ^ 1 : byte)),
  );
  expect(index.entriesOf(2)).toHaveLength(400);
  expect(() => index.entriesOf(18)).toThrow(
    expect.objectContaining({ code: 'ARCHIVE_DAMAGED', why: 'it was changed while it was read' }),
  );
  await truncate(path, 1000);
  expect(() => index.entriesOf(10)).toThrow(expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }));
  await close();
});

test('a hundred thousand entries: a tenth of 60 MB and of two seconds', async () => {
  await using place = await temporaryDirectory();
  const path = inside(place.path)('idx');
  const hash = Buffer.alloc(32);
  function* frames(): Generator<Framed> {
    for (let n = 0; n < 250; n++) yield tinyFrame(n, hash);
  }
  await written(frames(), path);
  expect((await stat(path)).size).toBeLessThan(6_000_000);
  const started = process.cpuUsage();
  let entries = 0;
  for (const _ of (await loadIndex(path)).entries()) entries++;
  expect(entries).toBe(100_000);
  expect(process.cpuUsage(started).user / 1e6).toBeLessThan(2);
});

async function readWhole(path: string): Promise<Buffer> {
  await using file = await open(path);
  return await file.readFile();
}

async function outcomeOf(read: () => Promise<IndexEntry[]>): Promise<IndexEntry[] | string> {
  try {
    return await read();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BackupError);
    return (thrown as BackupError).code;
  }
}

/** 400 small files with names, times, inodes and hashes as they are found. */
function tinyFrame(n: number, hash: Buffer): Framed {
  const entries = Array.from({ length: 400 }, (_, m): PagedEntry => {
    const serial = n * 400 + m;
    hash.writeUInt32LE(Math.imul(serial, 2_654_435_761) >>> 0, (serial % 8) * 4);
    const ns = BigInt(Math.imul(serial, 40_503) >>> 2);
    const mtimeNs = 1_700_000_000_000_000_000n + BigInt(serial) * 50_000_000n + ns;
    return {
      ...{
        path: `data/storage/d${n}/item-${m}.json`,
        type: 'file',
        size: 30 + (m % 9),
        mode: 0o644,
        uid: 1000,
        gid: 1000,
      },
      ...{
        mtimeNs,
        ctimeNs: mtimeNs + (m % 2 === 0 ? 0n : ns),
        ino: 9_000_000 + serial,
        sparse: false,
        sliced: false,
      },
      ...{ headerLength: 1536, hash: Buffer.from(hash) },
    };
  });
  const frame = {
    kind: 'entries',
    length: 1000,
    rawLength: 2 ** 30,
    crc32: n,
    digest: hash,
    reusable: true,
  } as const;
  return { frame, entries };
}

function paged({
  frame: _,
  headerOffset,
  dataOffset,
  ...rest
}: ReturnType<ArchiveIndex['entriesOf']>[number]): PagedEntry {
  return { ...rest, headerLength: dataOffset - headerOffset };
}

/** Makes the checksum right again: only the checks behind it are left. */
function seal(file: Buffer): void {
  file.set(Buffer.from(sha256(file.subarray(0, -48)), 'hex'), file.length - 40);
}

function expectRefusal(bad: Buffer, good: Buffer): void {
  try {
    const index = decodeIndex(bad);
    for (const _ of index.entries()) if (index.entryCount > 1e6) throw new Error('unbounded');
    // an entry's field that is still plausible, or nothing changed
    expect(bad.length).toBe(good.length);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BackupError);
    expect(thrown).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  }
}
