/** What comes out of a damaged archive: every file that proves right, the others by name. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { COMPRESSIONS, type Compression } from '@gofr-backup/model';
import {
  hardlink,
  makeTree,
  readTree,
  sparse,
  symlink,
  temporaryDirectory,
  type TreeEntry,
  tries,
} from '@gofr-backup/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadIndex } from '../index/whole-index.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import { archive, inside } from '../write/create.fixture.ts';
import { collect, listOf, opened, testPorts } from './reading.fixture.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let at: (name: string) => string;
let source: Record<string, TreeEntry>;
beforeAll(async () => {
  place = await temporaryDirectory();
  at = inside(place.path);
  const text = (n: number) => `file ${n} ${'x'.repeat(n * 37)}\n${Math.sin(n)}`;
  await makeTree(at('source/storage'), {
    ...Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`small ${n}`, text(n)])),
    big: Buffer.from(Array.from({ length: SLICE_BYTES + 300_000 }, (_, n) => (n * n * 2654435761) >>> 11)),
    holes: sparse(3_000_000, [
      [8192, 'at the beginning'],
      [2_500_000, 'and at the end'],
    ]),
    empty: '',
    'empty directory': {},
    'link to 3': symlink('small 3'),
    'another name of 3': hardlink('small 3'),
    'bytes \udcff': 'not UTF-8',
  });
  source = await readTree(at('source'));
  for (const codec of COMPRESSIONS) await archive(at('source/storage'), at(codec), { codec });
});
afterAll(() => place[Symbol.asyncDispose]());

let seed = 7;
const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % below;

/** Salvages what `damage` leaves of an archive; answers what came out, by path, and the paths that are lost. */
async function salvaged(codec: Compression, damage: (bytes: Buffer) => Buffer) {
  writeFileSync(at('damaged'), damage(readFileSync(at(codec))));
  rmSync(at('out'), { recursive: true, force: true });
  mkdirSync(at('out'));
  await using reader = await opened({
    ...{ archivePath: at('damaged'), indexPath: at(`${codec}.idx`), asIndexed: true },
  });
  const lost = await reader.salvage(testPorts());
  await reader.extract({ ...testPorts(), directory: at('out') });
  return {
    lost: lost.map(({ path }) => path!.replace(String.raw`\xff`, '\udcff')),
    out: await readTree(at('out')),
    reader,
  };
}

/** Everything is there as it was, or lost by name. */
function expectSplit(out: Record<string, TreeEntry>, lost: readonly string[]): void {
  expect(new Set(lost).size).toBe(lost.length);
  for (const path of lost) expect(out[path], path).toBeUndefined();
  const expected = Object.entries(source).filter(([path]) => !lost.includes(path));
  expect(Object.keys(out).toSorted()).toEqual(expected.map(([path]) => path).toSorted());
  for (const [path, entry] of expected)
    expect({ path, ...contentOf(out[path]!) }).toEqual({ path, ...contentOf(entry) });
}
const contentOf = ({ content, mode, type, target }: TreeEntry) => ({ content, mode, type, target });

/** The names of the files in the frames that hold these bytes of the archive. */
async function touched(codec: Compression, from: number, to: number): Promise<string[]> {
  const index = await loadIndex(at(`${codec}.idx`));
  const names: string[] = [];
  let sliced = '';
  for (const frame of index.frames()) {
    if (frame.kind !== 'slice') sliced = index.entriesOf(frame.number).at(-1)?.path ?? '';
    if (frame.offset >= to || frame.offset + frame.length <= from) continue;
    if (frame.kind === 'slice') names.push(sliced);
    for (const { path } of index.entriesOf(frame.number)) names.push(path.replace('\xff', '\udcff'));
  }
  const twins = ['storage/small 3', 'storage/another name of 3'];
  return names.some((name) => twins.includes(name)) ? [...names, ...twins] : names;
}

describe.each(COMPRESSIONS)('%s', (codec) => {
  test('whole: nothing is lost', async () => {
    const { lost, out } = await salvaged(codec, (bytes) => bytes);
    expect(lost).toEqual([]);
    expectSplit(out, lost);
  });

  test('with a damage anywhere: only files of the frames that it touches are lost', async () => {
    for (let round = 0; round < tries(6, 8); round++) {
      const size = readFileSync(at(codec)).length;
      const from = random(size);
      const to = Math.min(size, from + 1 + random(2000));
      const { lost, out } = await salvaged(codec, (bytes) => {
        for (let n = from; n < to; n++) bytes[n]! ^= 1 + random(255);
        return bytes;
      });
      expectSplit(out, lost);
      const near = await touched(codec, from, to);
      expect(lost.filter((path) => !near.includes(path))).toEqual([]);
    }
  });

  test('cut short: what lies before the cut comes out', async () => {
    for (const share of [0, 0.3, 0.9]) {
      const cut = Math.floor(share * readFileSync(at(codec)).length);
      const { lost, out } = await salvaged(codec, (bytes) => bytes.subarray(0, cut));
      expectSplit(out, lost);
      const near = await touched(codec, cut, Infinity);
      expect(lost.filter((path) => !near.includes(path))).toEqual([]);
    }
  });
});

test.each(['gzip', 'zstd', 'none'] as const)(
  '%s: files of a damaged frame that lie before the damage come out',
  async (codec) => {
    const index = await loadIndex(at(`${codec}.idx`));
    const frame = [...index.frames()].find(({ kind, entryCount }) => kind === 'entries' && entryCount > 20)!;
    const { lost } = await salvaged(codec, (bytes) => {
      bytes[frame.offset + frame.length - 40]! ^= 0xff;
      return bytes;
    });
    expect(lost.length).toBeLessThan(frame.entryCount / 2);
  },
);

test('a salvaged archive is read like any other', async () => {
  const { lost } = await salvaged('gzip', (bytes) => bytes.fill(0x55, 2000, 2010));
  await using reader = await opened({
    ...{ archivePath: at('damaged'), indexPath: at('gzip.idx'), asIndexed: true },
  });
  expect((await reader.salvage(testPorts())).map(({ path }) => path)).toEqual(lost);
  const names = (await listOf(reader.entries())).map(({ path }) => path);
  expect(names).not.toContain(lost[0]);
  expect(String(await collect(reader.content('storage/another name of 3')))).toMatch(/^file 3 /);
  await expect(collect(reader.content(lost[0]!))).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
});

test('without an index nothing is told to be right', async () => {
  await using reader = await opened({ archivePath: at('gzip') });
  await expect(reader.salvage(testPorts())).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
});
