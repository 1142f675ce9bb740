/** Big files between two runs: what is compressed again is what is new, and the archive is what one from scratch is. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Compression } from '@gofr-backup/model';
import { readTree, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { FRAME_BYTES, SLICE_BYTES } from '../index/sizes.ts';
import type { IndexFrame } from '../index/types.ts';
import { archive, HOURS_LATER, inside, previousOf, sha256, tarStream } from './create.fixture.ts';
import { loadIndex } from '../index/whole-index.ts';
import { paddedLength } from '../index/file.ts';
import { sectionsOf } from '../index/sections.ts';
import { collect, extractTo, opened, testPorts } from '../read/reading.fixture.ts';
import { rebuildIndex } from '../read/rebuild-index.ts';

interface Step {
  name: string;
  change: (log: string) => void;
  /** bytes of content in slices that are not copied, at most */
  anew: number;
}

const LINE = 'one more line\n';
const STEPS: Step[] = [
  { name: 'a line is appended', change: (log) => appendFileSync(log, LINE), anew: FRAME_BYTES },
  {
    name: '600 KB are appended',
    change: (log) => appendFileSync(log, noise(600_000, 2)),
    anew: FRAME_BYTES + 600_000,
  },
  { name: 'it is touched', change: (log) => utimesSync(log, 1e9, 1e9), anew: 0 },
  { name: 'a line is appended again', change: (log) => appendFileSync(log, LINE), anew: FRAME_BYTES },
  { name: 'a line in the middle is changed', change: (log) => put(log, LINE, 3_000_000), anew: SLICE_BYTES },
  {
    name: 'it grows by more than a slice',
    change: (log) => appendFileSync(log, noise(SLICE_BYTES + 700_000, 3)),
    anew: SLICE_BYTES + 700_000 + FRAME_BYTES,
  },
  {
    name: 'it is cut short, somewhere in a slice',
    change: (log) => truncateSync(log, 2 * SLICE_BYTES + 3 * FRAME_BYTES),
    anew: SLICE_BYTES,
  },
  {
    name: 'it grows from there',
    change: (log) => appendFileSync(log, LINE),
    anew: FRAME_BYTES + LINE.length,
  },
  {
    name: 'it is cut short again, at a whole block',
    change: (log) => truncateSync(log, 2 * SLICE_BYTES + FRAME_BYTES + 512),
    anew: SLICE_BYTES,
  },
  {
    name: 'a line is inserted at its beginning',
    change: (log) => writeFileSync(log, Buffer.concat([Buffer.from(LINE), readFileSync(log)])),
    anew: SLICE_BYTES + FRAME_BYTES,
  },
  {
    name: 'it gets another name',
    change: (log) => {
      renameSync(log, `${log}.0`);
      writeFileSync(log, noise(SLICE_BYTES + 1, 7));
    },
    anew: SLICE_BYTES + 1,
  },
  {
    name: 'it is rotated, a smaller one in its place',
    change: (log) => {
      renameSync(log, `${log}.1`);
      writeFileSync(log, noise(SLICE_BYTES + 1, 4));
    },
    anew: SLICE_BYTES + 1,
  },
  { name: 'it is too small for slices', change: (log) => truncateSync(log, SLICE_BYTES), anew: 0 },
  {
    name: 'it grows past a slice',
    change: (log) => appendFileSync(log, noise(2 * FRAME_BYTES + 9, 5)),
    anew: SLICE_BYTES + 2 * FRAME_BYTES + 9,
  },
];

test('a log of 5 MB, whatever becomes of it', { timeout: 240_000 }, async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  await expectSteps(dir, 5_000_000, STEPS, ['gzip']);
  await expectReadable(dir, `gzip ${STEPS.length}`, 'gzip');
  await expectSalvaged(dir, `gzip ${STEPS.length}`, 'gzip');
});

test('a log of 9 MB that grows and grows', { timeout: 240_000 }, async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  const codecs: Compression[] = ['zstd', 'none'];
  const growth = [300_000, 1, SLICE_BYTES].map((length, n) => ({
    name: `it grows by ${length}`,
    change: (log: string) => appendFileSync(log, noise(length, n)),
    anew: length + FRAME_BYTES,
  }));
  await expectSteps(dir, 9_000_000, growth, codecs);
  for (const codec of codecs) await expectReadable(dir, `${codec} ${growth.length}`, codec);
  for (const codec of codecs) await expectSalvaged(dir, `${codec} ${growth.length}`, codec);
});

/** A run after every step, each upon the one before: `<codec> 0`, `<codec> 1`, … */
async function expectSteps(
  dir: (name: string) => string,
  length: number,
  steps: Step[],
  codecs: Compression[],
): Promise<void> {
  mkdirSync(dir('source'));
  writeFileSync(dir('source/log'), noise(length, 1));
  const clock = HOURS_LATER;
  for (const codec of codecs) await archive(dir('source'), dir(`${codec} 0`), { codec, clock });
  for (const [n, { name, change, anew }] of steps.entries()) {
    change(dir('source/log'));
    const log = readFileSync(dir('source/log'));
    for (const codec of codecs) {
      const [before, after] = [dir(`${codec} ${n}`), dir(`${codec} ${n + 1}`)];
      const { reusedBytes } = await archive(dir('source'), after, {
        codec,
        clock,
        previous: previousOf(before),
      });
      expect(log.equals(byTar(tarStream(after, codec), 'storage/log')), name).toBe(true);
      const made = await madeAnew(before, after);
      expect(made.bytes, name).toBeLessThanOrEqual(paddedLength(anew));
      // what is not compressed is read from the file, never copied
      if (codec !== 'none') expect(reusedBytes, name).toBeGreaterThanOrEqual(made.copied);
    }
  }
}

/** One file, as GNU tar finds it in the stream. */
function byTar(stream: Buffer, path: string): Buffer {
  return execFileSync('tar', ['-xOf', '-', path], { input: stream, maxBuffer: 1 << 28 });
}

/** The SHA-256 of the tar stream that a first run makes. */
async function fromScratch(dir: (name: string) => string): Promise<string> {
  const path = dir('scratch');
  const { sha256 } = await archive(dir('source'), path, { codec: 'none' });
  for (const name of [path, `${path}.idx`]) rmSync(name);
  return sha256;
}

/** Raw bytes of slices whose content no slice of the archive before has, and stored bytes of those that one has. */
async function madeAnew(before: string, after: string): Promise<{ bytes: number; copied: number }> {
  const [old, now] = [await slicesIn(`${before}.idx`), await slicesIn(`${after}.idx`)];
  const digests = new Set(Array.from(old.values(), ({ digest }) => digest.toString('hex')));
  const made = { bytes: 0, copied: 0 };
  for (const { rawLength, length, digest } of now.values()) {
    if (digests.has(digest.toString('hex'))) made.copied += length;
    else made.bytes += rawLength;
  }
  return made;
}

/** By file, place and content. */
async function slicesIn(indexPath: string): Promise<Map<string, IndexFrame>> {
  const sections = [...sectionsOf(await loadIndex(indexPath))];
  return new Map(
    sections.flatMap(({ slice, frame }) =>
      slice
        ? [[[slice.entry.path, slice.offset, slice.length, frame.digest.toString('hex')].join(), frame]]
        : [],
    ),
  );
}

/** By GNU tar, and by ours with the index that was written, and one that was made anew. */
async function expectReadable(
  dir: (name: string) => string,
  name: string,
  codec: Compression,
): Promise<void> {
  const archivePath = dir(name);
  const written = await slicesIn(`${archivePath}.idx`);
  const rebuilt = dir(`rebuilt ${name}`);
  await rebuildIndex({ ...testPorts(), archivePath, indexPath: rebuilt, threads: 1 });
  if (codec !== 'none') expect([...(await slicesIn(rebuilt)).keys()]).toEqual([...written.keys()]);
  const previous = { archivePath, indexPath: rebuilt };
  const { reusedBytes } = await archive(dir('source'), dir(`next ${name}`), { codec, previous });
  expect(reusedBytes).toBe(0); // the inodes and times of the files are gone
  const wanted = await fromScratch(dir);
  for (const path of [archivePath, dir(`next ${name}`)]) expect(sha256(tarStream(path, codec))).toBe(wanted);
  mkdirSync(dir(`tar ${name}`));
  execFileSync('tar', ['-xf', '-', '-C', dir(`tar ${name}`)], { input: tarStream(archivePath, codec) });
  const source = await readTree(dir('source'), { without: ['mtimeNs'] });
  expect(await readTree(dir(`tar ${name}/storage`), { without: ['mtimeNs'] })).toEqual(source);
  for (const [how, indexPath] of Object.entries({ written: `${archivePath}.idx`, rebuilt })) {
    await using reader = await opened({ archivePath, indexPath });
    expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
    expect(reader.indexed).toBe(true);
    expect((await collect(reader.content('storage/log'))).equals(readFileSync(dir('source/log')))).toBe(true);
    await extractTo(archivePath, dir(`${how} ${name} out`), { indexPath });
    expect(await readTree(dir(`${how} ${name} out/storage`), { without: ['mtimeNs'] })).toEqual(source);
  }
}

/** Every slice of the archive before is damaged: they are made from the file, each where it was. */
async function expectSalvaged(
  dir: (name: string) => string,
  name: string,
  codec: Compression,
): Promise<void> {
  const slices = await slicesIn(`${dir(name)}.idx`);
  for (const { offset } of slices.values()) put(dir(name), '\0\0\0\0', offset);
  writeFileSync(dir('source/new'), 'so that all is copied, not linked');
  await archive(dir('source'), dir(`salvaged ${name}`), {
    codec,
    clock: HOURS_LATER,
    previous: previousOf(dir(name)),
  });
  expect(sha256(tarStream(dir(`salvaged ${name}`), codec))).toBe(await fromScratch(dir));
  expect([...(await slicesIn(dir(`salvaged ${name}.idx`))).keys()]).toEqual([...slices.keys()]);
}

function put(path: string, text: string, position: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, text, position);
  closeSync(fd);
}

/** Text of 16 letters; no two slices of it are equal. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let n = 0; n < length; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[n] = 97 + ((state >>> 16) & 15);
  }
  return bytes;
}
