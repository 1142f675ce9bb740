/** An index says how long the slices of a big file are. It may lie, with every checksum in it right. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, zstdCompressSync } from 'node:zlib';
import { temporaryDirectory } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FRAME_BYTES, SLICE_BYTES } from '../index/sizes.ts';
import {
  archive,
  HOURS_LATER,
  inside,
  LEVELS,
  previousOf,
  sha256,
  tarStream,
} from '../write/create.fixture.ts';
import { digestFrame } from '../codec/digest.ts';
import { loadIndex } from '../index/whole-index.ts';
import { paddedLength } from '../index/file.ts';
import { IndexWriter } from '../index/writer.ts';
import { collect, extractTo, opened, testPorts } from '../read/reading.fixture.ts';

const SIZE = 2 * SLICE_BYTES + 3 * FRAME_BYTES + 700;
const REST = paddedLength(SIZE - 2 * SLICE_BYTES);
const CONTENT = Buffer.from(Array.from({ length: SIZE }, (_, n) => (n * 7919) >> 9));

const LIES: Record<string, number[]> = {
  'longer than any slice': [2 * SLICE_BYTES, REST],
  'one block longer than any slice': [SLICE_BYTES + 512, SLICE_BYTES - 512, REST],
  'a byte longer than any slice': [SLICE_BYTES + 1, SLICE_BYTES - 1, REST],
  'the last block is not filled': [SLICE_BYTES, SLICE_BYTES, SIZE - 2 * SLICE_BYTES],
  'the last block is filled by a slice of its own': [
    SLICE_BYTES,
    SLICE_BYTES,
    SIZE - 2 * SLICE_BYTES,
    paddedLength(SIZE) - SIZE,
  ],
  'the last block is filled in part': [SLICE_BYTES, SLICE_BYTES, REST - 1],
  'the last block is filled twice': [SLICE_BYTES, SLICE_BYTES, REST + 1],
  empty: [SLICE_BYTES, 0, SLICE_BYTES, REST],
  'less than the file': [SLICE_BYTES, SLICE_BYTES],
  'more than the file: the end of the archive': [SLICE_BYTES, SLICE_BYTES, REST + 512],
  'one too many': [SLICE_BYTES, SLICE_BYTES, REST, 512],
  none: [],
};
const TRUTHS: Record<string, number[]> = {
  'the same length each': [SLICE_BYTES, SLICE_BYTES, REST],
  'at any blocks': [512, SLICE_BYTES, 1024, SLICE_BYTES - 5 * 512, REST + 2 * 512],
  'at any bytes': [1, SLICE_BYTES - 1, 4095, SLICE_BYTES - 4097, 1, REST + 1],
  'the last one has one byte, and fills its block': [
    SLICE_BYTES,
    SLICE_BYTES,
    SIZE - 2 * SLICE_BYTES - 1,
    paddedLength(SIZE) - SIZE + 1,
  ],
  'a hundred of a block each': [
    ...Array.from({ length: 100 }, () => 512),
    SLICE_BYTES,
    SLICE_BYTES,
    REST - 51_200,
  ],
};

const DAMAGED = { code: 'ARCHIVE_DAMAGED' };

/** What they are all made of: the file, the file when it had grown, and a plain tar of each. */
let scene: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string): string => join(scene.path, name);

beforeAll(async () => {
  scene = await temporaryDirectory();
  for (const [name, content] of Object.entries({
    file: CONTENT,
    grown: Buffer.concat([CONTENT, CONTENT.subarray(0, 99)]),
  })) {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/big`), content);
    await archive(at(name), at(`${name}.tar`), { codec: 'none', clock: HOURS_LATER });
  }
});
afterAll(() => scene[Symbol.asyncDispose]());

for (const [lie, lengths] of Object.entries(LIES)) {
  test(`slices, ${lie}: refused, and nothing of it in the next archive`, async () => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    const files = await archiveTold(dir, lengths);
    await using reader = await opened(files);
    const extracted = extractTo(files.archivePath, dir('out'), files);
    // a length that no frame has is seen when the index is opened, and the archive is read without it
    if (reader.indexed) await expect(extracted).rejects.toMatchObject(DAMAGED);
    else await extracted;
    const content = await collect(reader.content('storage/big')).catch((cause: unknown) => cause);
    if (content instanceof Error) expect(content).toMatchObject(DAMAGED);
    else expect(CONTENT.equals(content as Buffer)).toBe(true);
    expect((await reader.verify(testPorts())).ok).toBe(true);
    expect(reader.indexed).toBe(false);
    await expectNextRuns(dir);
  });
}

for (const [truth, lengths] of Object.entries(TRUTHS)) {
  test(`slices, ${truth}: read, and copied`, async () => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    const files = await archiveTold(dir, lengths);
    await using reader = await opened(files);
    expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
    expect(reader.indexed).toBe(true);
    expect(CONTENT.equals(await collect(reader.content('storage/big')))).toBe(true);
    await extractTo(files.archivePath, dir('out'), files);
    expect(CONTENT.equals(readFileSync(dir('out/storage/big')))).toBe(true);
    expect(await expectNextRuns(dir)).toBeGreaterThan(lengths.length * 5);
  });
}

/** An archive of one big file, its content in slices of these lengths, and an index that says so. */
async function archiveTold(
  dir: (name: string) => string,
  lengths: number[],
): Promise<{ archivePath: string; indexPath: string }> {
  const index = await loadIndex(at('file.tar.idx'));
  const headers = Array.from(index.frames()).filter(({ kind }) => kind === 'entries');
  const raw = readFileSync(at('file.tar'));
  const cuts = [...headers.map(({ rawLength }) => rawLength), ...lengths];
  const file = await open(dir('told.idx'), 'wx');
  const writer = new IndexWriter(file);
  const stored: Buffer[] = [];
  let done = 0;
  for (const [n, length] of [...cuts, Infinity].entries()) {
    const part = raw.subarray(done, done + length);
    done += part.length;
    stored.push(zstdCompressSync(part));
    const kind = n < headers.length ? 'entries' : n < cuts.length ? 'slice' : 'end';
    const told = { kind, reusable: true, rawLength: part.length, ...storedFacts(stored.at(-1)!) } as const;
    const entries = n < headers.length ? index.entriesOf(n) : [];
    const paged = entries.map((entry) => ({ ...entry, headerLength: entry.dataOffset - entry.headerOffset }));
    const digest = kind === 'entries' ? headers[n]!.digest : digestFrame(part, []).digest;
    await writer.add({ ...told, digest }, paged);
  }
  const whole = Buffer.concat(stored);
  writeFileSync(dir('told'), whole);
  const facts = { codec: 'zstd', level: LEVELS.zstd, archiveSha256: sha256(whole) } as const;
  await writer.finish({ ...index.facts, ...facts, archiveSize: whole.length });
  await file.close();
  return { archivePath: dir('told'), indexPath: dir('told.idx') };
}

function storedFacts(stored: Buffer): { length: number; crc32: number } {
  return { length: stored.length, crc32: crc32(stored) };
}

/** The archive told of is the one before: of the same file, and of one that grew. Returns the bytes that the first reuses. */
async function expectNextRuns(dir: (name: string) => string): Promise<number> {
  const options = { codec: 'zstd', clock: HOURS_LATER, previous: previousOf(dir('told')) } as const;
  const { reusedBytes } = await archive(at('file'), dir('same'), options);
  await archive(at('grown'), dir('grown'), options);
  expect(sha256(tarStream(dir('same'), 'zstd'))).toBe(sha256(readFileSync(at('file.tar'))));
  expect(sha256(tarStream(dir('grown'), 'zstd'))).toBe(sha256(readFileSync(at('grown.tar'))));
  return reusedBytes;
}
