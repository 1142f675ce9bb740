/** Files with holes: nothing of a hole is read, compressed or written, and every tar that knows them brings them back. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Compression } from '@gofr-backup/model';
import { withoutNative } from '@gofr-backup/posix';
import { isMissing, temporaryDirectory, tries } from '@gofr-backup/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadIndex } from '../../index/whole-index.ts';
import { SLICE_BYTES } from '../../index/sizes.ts';
import { collect, extractTo, opened, testPorts } from '../../read/reading.fixture.ts';
import { rebuildIndex } from '../../read/rebuild-index.ts';
import { archive, HOURS_LATER, inside, previousOf, sha256, tarStream } from '../create.fixture.ts';
import { dataOf, bytesAt, type Layout, makeHoled, pictureOf } from './holes.fixture.ts';

const PAGE = 4096;
const MB = 1 << 20;
const GB = 1 << 30;

const evenly = (count: number, step: number, length = PAGE): Layout['data'] =>
  Array.from({ length: count }, (_, n) => ({ position: n * step, length }));

const LAYOUTS: Record<string, Layout> = {
  'nothing but a hole': { size: 5 * MB, data: [] },
  'a hole of an odd length': { size: 5 * MB + 77, data: [] },
  'a hole at the beginning': { size: 4 * MB + 7, data: [{ position: 4 * MB, length: 7 }] },
  'a hole at the end': { size: 3_000_001, data: [{ position: 0, length: 5000 }] },
  'data in the middle of a block': { size: 3 * MB, data: [{ position: 1_500_001, length: 6 }] },
  'every other page': { size: 3 * MB, data: evenly(384, 2 * PAGE) },
  'more parts than a block of the map holds': { size: 40 * MB, data: evenly(700, 12 * PAGE, 100) },
  'slices that are full': { size: 9 * MB, data: [{ position: SLICE_BYTES, length: 2 * SLICE_BYTES + 5 }] },
  'beyond 8 GiB': {
    size: 9 * GB + 1,
    data: [
      { position: 8 * GB + 3, length: 5 },
      { position: 9 * GB, length: 1 },
    ],
  },
  'a terabyte': { size: 1024 * GB, data: [{ position: 700 * GB, length: 4097 }] },
};
/** Stored as zeros. */
const DENSE: Record<string, Layout> = {
  'too small a hole': { size: MB - 1, data: [] },
  'a small hole in a big file': { size: 3 * MB, data: [{ position: 0, length: 2 * MB + PAGE }] },
  'no hole': { size: 2 * MB + 5, data: [{ position: 0, length: 2 * MB + 5 }] },
};

interface Tool {
  name: string;
  extract(archive: string, directory: string): void;
}
const PYTHON = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    archive.extractall(sys.argv[2], **({'filter': 'fully_trusted'} if hasattr(tarfile, 'fully_trusted_filter') else {}))`;
const ALL_TOOLS: Tool[] = [
  { name: 'tar', extract: (from, to) => void execFileSync('tar', ['-xpf', from, '-C', to]) },
  { name: 'bsdtar', extract: (from, to) => void execFileSync('bsdtar', ['-xpf', from, '-C', to]) },
  { name: 'python3', extract: (from, to) => void execFileSync('python3', ['-c', PYTHON, from, to]) },
];
const TOOLS = ALL_TOOLS.filter(({ name }) => !isMissing(name));

/** Restores in every way, and holds each against the source; what is stored with holes has them again. */
async function expectAllWays(
  dir: (name: string) => string,
  names: string[],
  codec: Compression,
): Promise<void> {
  const archivePath = dir('archive');
  const indexPath = `${archivePath}.idx`;
  const holed = await isHoled(archivePath);
  await rebuildIndex({ ...testPorts(), archivePath, indexPath: dir('rebuilt.idx'), threads: 1 });
  const ways: Record<string, (directory: string) => Promise<void>> = {
    index: async (to) => void (await extractTo(archivePath, to, { indexPath })),
    stream: async (to) => void (await extractTo(archivePath, to)),
    'rebuilt index': async (to) => void (await extractTo(archivePath, to, { indexPath: dir('rebuilt.idx') })),
  };
  for (const { name, extract } of codec === 'gzip' ? TOOLS : [])
    ways[name] = async (to) => (mkdirSync(to), extract(archivePath, to));
  for (const index of [indexPath, dir('rebuilt.idx'), undefined]) {
    await using reader = await opened({ archivePath, ...(index && { indexPath: index }) });
    expect(reader.indexed).toBe(index !== undefined);
    expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
  }
  for (const [way, extract] of Object.entries(ways)) {
    const out = dir(`out ${way}`);
    await extract(out);
    expect(existsSync(`${out}/storage/GNUSparseFile.0`)).toBe(false);
    for (const name of names) {
      const [source, restored] = [dir(`source/${name}`), `${out}/storage/${name}`];
      expect([way, pictureOf(restored)]).toEqual([way, pictureOf(source)]);
      if (holed[name])
        expect([way, dataOf(restored)]).toEqual([way, Math.min(dataOf(restored), dataOf(source))]);
    }
    rmSync(out, { recursive: true });
  }
}

async function isHoled(archivePath: string): Promise<Record<string, boolean>> {
  const index = await loadIndex(`${archivePath}.idx`);
  const files = [...index.entries()].filter(({ type }) => type === 'file');
  return Object.fromEntries(
    files.map(({ path, storedSize }) => [path.slice('storage/'.length), storedSize !== undefined]),
  );
}

test.each(['gzip', 'zstd', 'none'] as const)(
  '%s: every layout comes back, by every reader',
  async (codec) => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    const all = { ...LAYOUTS, ...DENSE };
    for (const [name, layout] of Object.entries(all)) makeHoled(dir(`source/${name}`), layout);
    const { warnings, sizeBytes, sourceBytes } = await archive(dir('source'), dir('archive'), { codec });
    expect(warnings).toEqual([]);
    expect(sizeBytes).toBeLessThan(20 * MB);
    expect(sourceBytes).toBeLessThan(20 * MB);
    const holed = await isHoled(dir('archive'));
    for (const name of Object.keys(all)) expect([name, holed[name]]).toEqual([name, name in LAYOUTS]);
    await expectAllWays(dir, Object.keys(all), codec);
  },
);

test.each([true, false])('as a tar stream of a part, with an index: %s', async (indexed) => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  const names = Object.keys(LAYOUTS);
  for (const name of names) makeHoled(dir(`source/${name}`), LAYOUTS[name]!);
  writeFileSync(dir('source/zz'), 'behind them');
  await archive(dir('source'), dir('archive'));
  await using reader = await opened({
    archivePath: dir('archive'),
    ...(indexed && { indexPath: dir('archive.idx') }),
  });
  writeFileSync(dir('part.tar'), await collect(reader.tar(['storage'], testPorts())));
  expect(statSync(dir('part.tar')).size).toBeLessThan(10 * MB);
  for (const { name, extract } of TOOLS) {
    mkdirSync(dir(name));
    extract(dir('part.tar'), dir(name));
    for (const file of [...names, 'zz'])
      expect([name, pictureOf(dir(`${name}/storage/${file}`))]).toEqual([
        name,
        pictureOf(dir(`source/${file}`)),
      ]);
  }
});

test('names of any length and bytes', { timeout: 60_000 }, async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  const long = 'n'.repeat(250);
  const names = ['plain', 'ünï ☃', long, `d${long}/${long}/deep`, 'a=b\nc'];
  for (const name of names) makeHoled(dir(`source/${name}`), LAYOUTS['a hole at the end']!);
  await archive(dir('source'), dir('archive'));
  expect(Object.values(await isHoled(dir('archive')))).toEqual(names.map(() => true));
  await expectAllWays(dir, names, 'gzip');
});

const layout = fc
  .record({
    pages: fc.integer({ min: 300, max: 3000 }),
    rest: fc.constantFrom(0, 1, 511, 512, 513, 4095),
    data: fc.array(
      fc.record({
        page: fc.nat(3000),
        shift: fc.constantFrom(0, 0, 1, 513),
        length: fc.integer({ min: 1, max: 40_000 }),
      }),
      {
        maxLength: 150,
      },
    ),
  })
  .map(({ pages, rest, data }): Layout => {
    const size = pages * PAGE + rest;
    const parts = data.map(({ page, shift, length }) => ({ position: page * PAGE + shift, length }));
    return { size, data: parts.filter(({ position, length }) => position + length <= size) };
  });

test('random layouts come back, by every reader', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(layout, { minLength: 1, maxLength: 4 }), async (layouts) => {
      await using place = await temporaryDirectory();
      const dir = inside(place.path);
      layouts.forEach((one, n) => makeHoled(dir(`source/${n}`), one));
      await archive(dir('source'), dir('archive'), { threads: 2 });
      await expectAllWays(
        dir,
        layouts.map((_, n) => `${n}`),
        'gzip',
      );
    }),
    { numRuns: tries(4, 12) },
  );
});

describe('the next run', () => {
  const CHANGES: Record<string, { change: (path: string) => void; anew: number }> = {
    nothing: { change: () => {}, anew: 0 },
    'a touch': { change: (path) => utimesSync(path, 1e9, 1e9), anew: 0 },
    'a page of data is changed': { change: (path) => put(path, 6 * MB, 100), anew: SLICE_BYTES },
    'data in a hole': { change: (path) => put(path, 31 * MB, 5000), anew: 8192 },
    'a hole in data': {
      change: (path) => void execFileSync('fallocate', ['-p', '-o', `${5 * MB}`, '-l', `${MB}`, path]),
      anew: SLICE_BYTES,
    },
    'it grows': { change: (path) => truncateSync(path, 50 * MB), anew: 0 },
    'it is cut short': { change: (path) => truncateSync(path, 21 * MB + 3), anew: SLICE_BYTES },
    'it is filled': { change: (path) => writeFileSync(path, bytesAt(0, 40 * MB)), anew: 40 * MB },
  };
  for (const [name, { change, anew }] of Object.entries(CHANGES)) {
    test(`${name}: the rest is copied, and the archive is what one from scratch is`, async () => {
      await using place = await temporaryDirectory();
      const dir = inside(place.path);
      const data = [
        { position: 4 * MB, length: 4 * MB + 5 },
        { position: 20 * MB, length: 3 * MB },
        { position: 39 * MB, length: MB },
      ];
      makeHoled(dir('source/file'), { size: 40 * MB, data });
      writeFileSync(dir('source/zz'), 'small');
      const first = await archive(dir('source'), dir('1'), { codec: 'zstd', clock: HOURS_LATER });
      change(dir('source/file'));
      const how = { codec: 'zstd', clock: HOURS_LATER } as const;
      const { reusedBytes, sizeBytes, sourceBytes } = await archive(dir('source'), dir('2'), {
        ...how,
        previous: previousOf(dir('1')),
      });
      const scratch = await archive(dir('source'), dir('archive'), how);
      expect(sha256(tarStream(dir('2'), 'zstd'))).toBe(sha256(tarStream(dir('archive'), 'zstd')));
      expect(sourceBytes).toBe(scratch.sourceBytes);
      expect(reusedBytes).toBeGreaterThan(sizeBytes - anew - 6000);
      if (name === 'nothing') expect(sourceBytes).toBe(first.sourceBytes);
      await expectAllWays(dir, ['file', 'zz'], 'zstd');
    });
  }

  test('any byte of the archive before is damaged: it costs speed only', async () => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    makeHoled(dir('source/file'), LAYOUTS['slices that are full']!);
    const how = { codec: 'zstd', clock: HOURS_LATER } as const;
    await archive(dir('source'), dir('1'), how);
    const whole = readFileSync(dir('1'));
    const index = await loadIndex(dir('1.idx'));
    for (const { offset, length } of index.frames()) {
      const damaged = Buffer.from(whole);
      damaged[offset + (length >> 1)]! ^= 0xff;
      writeFileSync(dir('1'), damaged);
      await archive(dir('source'), dir('2'), { ...how, previous: previousOf(dir('1')) });
      expect(sha256(tarStream(dir('2'), 'zstd'))).toBe(sha256(streamOf(whole, dir)));
      for (const name of ['2', '2.idx']) rmSync(dir(name));
    }
  });

  test('what was archived as zeros, when nobody could look for holes, is read again once', async () => {
    await using place = await temporaryDirectory();
    const dir = inside(place.path);
    makeHoled(dir('source/file'), { size: 9 * MB, data: [{ position: 0, length: 3 * MB }] });
    const how = { codec: 'zstd', clock: HOURS_LATER } as const;
    await withoutNative(() => archive(dir('source'), dir('1'), how));
    expect(await isHoled(dir('1'))).toEqual({ file: false });
    const again = { ...how, previous: previousOf(dir('1')) };
    await withoutNative(() => archive(dir('source'), dir('1b'), again));
    expect(sha256(readFileSync(dir('1b')))).toBe(sha256(readFileSync(dir('1'))));
    await archive(dir('source'), dir('2'), again);
    expect(await isHoled(dir('2'))).toEqual({ file: true });
    const third = await archive(dir('source'), dir('3'), {
      ...how,
      previous: previousOf(dir('2')),
      linkUnchanged: true,
    });
    expect(third.linked).toBe(true);
  });
});

test('one file is read with its holes as zeros, or in pieces without them', async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  makeHoled(dir('source/file'), LAYOUTS['every other page']!);
  await archive(dir('source'), dir('archive'));
  const source = readFileSync(dir('source/file'));
  for (const indexPath of [dir('archive.idx'), undefined]) {
    await using reader = await opened({ archivePath: dir('archive'), ...(indexPath && { indexPath }) });
    expect(source.equals(await collect(reader.content('storage/file')))).toBe(true);
    let bytes = 0;
    for await (const piece of reader.pieces('storage/file')) {
      bytes += piece.bytes.length;
      expect(
        source.compare(piece.bytes, 0, piece.bytes.length, piece.offset, piece.offset + piece.bytes.length),
      ).toBe(0);
    }
    expect(bytes).toBe(384 * PAGE);
    const [size] = await reader.measure([undefined]);
    expect(size!.bytes).toBeLessThan(2 * MB);
  }
});

test('64 GB of nothing are archived, verified and restored at once', async () => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  makeHoled(dir('source/nothing'), { size: 64 * GB, data: [] });
  const before = process.cpuUsage();
  await archive(dir('source'), dir('archive'));
  await extractTo(dir('archive'), dir('out'), { indexPath: dir('archive.idx') });
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(20);
  expect(statSync(dir('out/storage/nothing')).size).toBe(64 * GB);
  expect(statSync(dir('archive')).size).toBeLessThan(2000);
});

test('a file that claims more than a number holds is left out with a warning', async (context) => {
  await using place = await temporaryDirectory();
  const dir = inside(place.path);
  const memory = mkdtempSync('/dev/shm/gofr-test-');
  try {
    execFileSync('truncate', ['-s', '9100000000000000000', `${memory}/8 EiB`], { stdio: 'ignore' });
    makeHoled(`${memory}/8 PiB`, { size: Number.MAX_SAFE_INTEGER, data: [{ position: 5 * GB, length: 9 }] });
    const { warnings } = await archive(memory, dir('archive'));
    expect(warnings).toMatchObject([{ code: 'too-large', path: 'storage/8 EiB' }]);
    await using reader = await opened({ archivePath: dir('archive'), indexPath: dir('archive.idx') });
    expect(await reader.verify(testPorts())).toMatchObject({ ok: true, files: 1 });
    const onto = { ...testPorts(), directory: dir('out') };
    mkdirSync(dir('out'));
    const refused = { code: 'DISK_FULL', message: expect.stringContaining('8 PiB') as string };
    await reader.extract(onto).catch((cause: unknown) => expect(cause).toMatchObject(refused));
  } catch (cause) {
    if (!String(cause).includes('truncate')) throw cause;
    context.skip('there is no tmpfs that takes such a file');
  } finally {
    rmSync(memory, { recursive: true });
  }
});

function put(path: string, position: number, length: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytesAt(position, length, 3), 0, length, position);
  closeSync(fd);
}

function streamOf(whole: Buffer, dir: (name: string) => string): Buffer {
  writeFileSync(dir('whole'), whole);
  return tarStream(dir('whole'), 'zstd');
}
