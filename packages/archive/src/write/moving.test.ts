/** Big files whose bytes are moved between runs: inserted, removed, overwritten, appended, cut, exchanged. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Compression } from '@gofr-backup/model';
import { temporaryDirectory, tries } from '@gofr-backup/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SLICE_BYTES } from '../index/sizes.ts';
import { loadIndex } from '../index/whole-index.ts';
import { extractTo, opened, testPorts } from '../read/reading.fixture.ts';
import { archive, HOURS_LATER, inside, previousOf, sha256, tarStream } from './create.fixture.ts';

const MIB = 1 << 20;
const NAMES = ['a', 'b', 'c'];

/** What may happen to content. `at` and `count` are shares of its length, or of a few slices. */
const CHANGES: Record<string, (content: Buffer, at: number, count: number, salt: number) => Buffer> = {
  insert: (content, at, count, salt) => spliced(content, at, 0, lines(1 + count * 3000, salt)),
  'insert much': (content, at, count, salt) => spliced(content, at, 0, lines(count * 5 * MIB, salt)),
  remove: (content, at, count) => spliced(content, at, count * 3000, Buffer.alloc(0)),
  'remove much': (content, at, count) => spliced(content, at, count * 5 * MIB, Buffer.alloc(0)),
  overwrite: (content, at, count, salt) => {
    const bytes = lines(1 + count * 3000, salt);
    return spliced(content, at, bytes.length, bytes);
  },
  append: (content, _, count, salt) => Buffer.concat([content, lines(count * 3 * MIB, salt)]),
  'append a line': (content, _, __, salt) => Buffer.concat([content, lines(90, salt)]),
  'cut short': (content, at) => content.subarray(0, at * content.length),
  'exchange two parts': (content, at) =>
    Buffer.concat([content.subarray(at * content.length), content.subarray(0, at * content.length)]),
  zeros: (content, at, count) => spliced(content, at, 0, Buffer.alloc(count * 6 * MIB)),
  nothing: (content) => content,
};

const change = fc.record({
  kind: fc.constantFrom(...Object.keys(CHANGES)),
  name: fc.constantFrom(...NAMES),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  count: fc.double({ min: 0, max: 1, noNaN: true }),
  salt: fc.nat(1000),
  /** gets this name, or exchanges it with the file that has it */
  rename: fc.option(fc.constantFrom(...NAMES, 'd'), { freq: 4 }),
});

const size = fc.oneof(
  fc.integer({ min: MIB, max: 8 * MIB }),
  fc.constantFrom(SLICE_BYTES, SLICE_BYTES + 1, 2 * SLICE_BYTES, 3 * SLICE_BYTES - 512),
  fc.integer({ min: 8 * MIB, max: tries(12, 24) * MIB }),
);

test('random changes of big files: every archive is one from scratch', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(size, fc.integer({ min: MIB, max: 4 * MIB })),
      fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 }),
      fc.constantFrom<Compression>('zstd', 'zstd', 'gzip', 'none'),
      fc.integer({ min: 1, max: 3 }),
      async (sizes, rounds, codec, threads) => {
        await using place = await temporaryDirectory();
        const dir = inside(place.path);
        const file = (name: string): string => dir(`source/${name}`);
        mkdirSync(dir('source'));
        for (const [n, length] of sizes.entries()) writeFileSync(file(NAMES[n]!), lines(length, n));
        const how = { codec, threads, clock: HOURS_LATER };
        await archive(dir('source'), dir('0'), how);
        for (const [n, changes] of rounds.entries()) {
          for (const { kind, name, at, count, salt, rename } of changes) {
            if (!readdirSync(dir('source')).includes(name)) continue;
            writeFileSync(file(name), CHANGES[kind]!(readFileSync(file(name)), at, count, salt));
            if (rename !== null && rename !== name) exchange(dir('source'), name, rename);
          }
          const previous = previousOf(dir(`${n}`));
          await archive(dir('source'), dir(`${n + 1}`), { ...how, previous });
          await archive(dir('source'), dir('scratch'), { codec: 'none' });
          const stream = tarStream(dir(`${n + 1}`), codec);
          expect(sha256(stream)).toBe(sha256(readFileSync(dir('scratch'))));
          expectByTar(stream, dir('source'));
          for (const left of ['scratch', 'scratch.idx']) rmSync(dir(left));
        }
        await expectReadable(dir, `${rounds.length}`);
      },
    ),
    { numRuns: tries(2, 4) },
  );
});

test(
  'a byte inserted near the beginning costs two slices, moved bytes none',
  { timeout: 120_000 },
  async () => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    mkdirSync(dir('source'));
    const content = lines(24 * MIB, 1);
    writeFileSync(dir('source/a'), content);
    const how = { codec: 'zstd', clock: HOURS_LATER } as const;
    await archive(dir('source'), dir('0'), how);
    writeFileSync(dir('source/a'), spliced(content, 1000 / content.length, 0, Buffer.from('x')));
    await archive(dir('source'), dir('1'), { ...how, previous: previousOf(dir('0')) });
    expect(await newBytes(dir, '0', '1')).toBeLessThanOrEqual(2 * SLICE_BYTES);
    renameSync(dir('source/a'), dir('source/a.1'));
    writeFileSync(dir('source/a'), lines(3 * MIB, 2));
    const { reusedBytes, sizeBytes } = await archive(dir('source'), dir('2'), {
      ...how,
      previous: previousOf(dir('1')),
    });
    expect(await newBytes(dir, '1', '2')).toBeLessThanOrEqual(3 * MIB);
    expect(reusedBytes).toBeGreaterThan(0.8 * sizeBytes);
  },
);

/** Days of a log that grows slowly: no more than a little is compressed again, and its slices do not stay small. */
test('a log that grows by a little again and again', { timeout: 240_000 }, async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  mkdirSync(dir('source'));
  let content = lines(3 * MIB, 1);
  writeFileSync(dir('source/a'), content);
  const how = { codec: 'zstd', clock: HOURS_LATER } as const;
  await archive(dir('source'), dir('0'), how);
  const grown = 60_000;
  let compressed = 0;
  const runs = 25;
  for (let n = 1; n <= runs; n++) {
    content = Buffer.concat([content, lines(grown, n + 1)]);
    writeFileSync(dir('source/a'), content);
    await archive(dir('source'), dir(`${n}`), { ...how, previous: previousOf(dir(`${n - 1}`)) });
    compressed += await newBytes(dir, `${n - 1}`, `${n}`);
  }
  // what is new twice (alone, and joined with what was before it), and half a piece of 256 KiB each time
  expect(compressed / runs).toBeLessThan(2.2 * grown + 160_000);
  const slices = [...(await loadIndex(dir(`${runs}.idx`))).frames()].filter(({ kind }) => kind === 'slice');
  expect(content.length / slices.length).toBeGreaterThan(600_000);
});

/** Raw bytes of slices whose content the archive before has not. */
async function newBytes(dir: (name: string) => string, before: string, after: string): Promise<number> {
  const framesOf = async (name: string) => [...(await loadIndex(dir(`${name}.idx`))).frames()];
  const known = new Set((await framesOf(before)).map(({ digest }) => digest.toString('hex')));
  return (await framesOf(after))
    .filter(({ kind, digest }) => kind === 'slice' && !known.has(digest.toString('hex')))
    .reduce((sum, { rawLength }) => sum + rawLength, 0);
}

function expectByTar(stream: Buffer, source: string): void {
  for (const name of readdirSync(source)) {
    const content = execFileSync('tar', ['-xOf', '-', `storage/${name}`], {
      input: stream,
      maxBuffer: 1 << 28,
    });
    expect(content.equals(readFileSync(`${source}/${name}`))).toBe(true);
  }
}

async function expectReadable(dir: (name: string) => string, name: string): Promise<void> {
  const files = { archivePath: dir(name), indexPath: dir(`${name}.idx`) };
  await using reader = await opened(files);
  expect(reader.indexed).toBe(true);
  expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
  await extractTo(files.archivePath, dir('out'), files);
  for (const one of readdirSync(dir('source')))
    expect(readFileSync(dir(`out/storage/${one}`)).equals(readFileSync(dir(`source/${one}`)))).toBe(true);
}

function exchange(root: string, name: string, other: string): void {
  const path = (one: string): string => `${root}/${one}`;
  const both = readdirSync(root).includes(other);
  renameSync(path(name), path('moved'));
  if (both) renameSync(path(other), path(name));
  renameSync(path('moved'), path(other));
}

/** `at`: a share of the length. */
function spliced(content: Buffer, at: number, removed: number, inserted: Buffer): Buffer {
  const from = Math.floor(at * content.length);
  return Buffer.concat([content.subarray(0, from), inserted, content.subarray(from + Math.floor(removed))]);
}

/** Text of a log; no two parts of it are equal. */
function lines(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(length));
  let state = (seed + 1) * 7919;
  for (let n = 0; n < bytes.length; n++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[n] = 97 + (state & 15);
  }
  return bytes;
}
