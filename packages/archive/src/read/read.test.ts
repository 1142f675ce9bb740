import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Compression, COMPRESSIONS, type ProgressEvent } from '@gofr-backup/model';
import {
  directory,
  file,
  hardlink,
  makeTree,
  readTree,
  sparse,
  symlink,
  temporaryDirectory,
  type Tree,
  type TreeEntry,
} from '@gofr-backup/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { archive } from '../write/create.fixture.ts';
import { loadIndex } from '../index/whole-index.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import { collect, extractTo, listOf, opened, testPorts } from './reading.fixture.ts';
import { rebuildIndex } from './rebuild-index.ts';

const noise = (length: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = seed; at < length; at++)
    bytes[at] = state = (state * 1_103_515_245 + 12_345) >>> 16;
  return bytes;
};

const LONG = 'n'.repeat(120);
const TREE: Tree = {
  'bytes \udcff\udcfe': 'not UTF-8',
  'line\nbreak': 'x',
  'back\\x41': 'escape',
  [LONG]: { [LONG]: { [LONG]: 'a path of 360 bytes' } },
  empty: '',
  'empty directory': {},
  setgid: directory({ inside: 'y' }, { mode: 0o2775, mtime: 1_000_000_000.25 }),
  setuid: file('z', { mode: 0o4755 }),
  'read only': directory({ below: file('r', { mode: 0o400 }) }, { mode: 0o555 }),
  old: file('before 1970', { mtime: -12_345.5 }),
  dangling: symlink('nowhere/at/all', { mtime: 1_500_000_000 }),
  'a link to it': hardlink('small/7'),
  small: Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`${n}`, `content ${n}\n`.repeat(n)])),
  text: Buffer.alloc(300_000, 'all work and no play '),
};

/** Enough frames for several threads, and files that are cut into slices. */
const LARGE: Tree = {
  ...TREE,
  big: noise(2 * SLICE_BYTES + 12_345, 7),
  'two slices': Buffer.alloc(2 * SLICE_BYTES, 'exactly '),
  holes: sparse(3 * SLICE_BYTES + 1, [[SLICE_BYTES + 5000, 'data']]),
};

/** Node sets times as doubles: at today's times they are exact to 240 ns. */
const LOST_NS = 240n;

function expectSame(got: Record<string, TreeEntry>, wanted: Record<string, TreeEntry>): void {
  const plain = (tree: Record<string, TreeEntry>): unknown =>
    Object.fromEntries(Object.entries(tree).map(([path, { mtimeNs: _, ...entry }]) => [path, entry]));
  expect(plain(got)).toEqual(plain(wanted));
  for (const [path, { mtimeNs }] of Object.entries(wanted)) {
    const difference = got[path]!.mtimeNs! - mtimeNs!;
    expect([path, difference > -LOST_NS && difference < LOST_NS]).toEqual([path, true]);
  }
}

async function makeArchive(
  scratch: string,
  codec: Compression = 'gzip',
  tree = TREE,
): Promise<{ source: string; files: { archivePath: string; indexPath: string } }> {
  const source = await makeTree(join(scratch, 'source'), tree);
  const archivePath = join(scratch, 'archive');
  await archive(source, archivePath, { codec });
  return { source, files: { archivePath, indexPath: `${archivePath}.idx` } };
}

test.each(COMPRESSIONS)(
  '%s: what was archived comes back, with the index, without it, and with one rebuilt',
  async (codec) => {
    await using scratch = await temporaryDirectory();
    const slow = codec === 'bzip2' || codec === 'xz';
    const { source, files } = await makeArchive(scratch.path, codec, slow ? TREE : LARGE);
    const wanted = await readTree(source);
    const rebuilt = join(scratch.path, 'rebuilt.idx');
    await rebuildIndex({ ...testPorts(), ...files, indexPath: rebuilt, threads: 1 });

    for (const [how, indexPath] of [
      ['index', files.indexPath],
      ['stream', undefined],
      ['rebuilt', rebuilt],
    ] as const) {
      const out = join(scratch.path, `out-${how}`);
      mkdirSync(out);
      await using reader = await opened({ archivePath: files.archivePath, ...(indexPath && { indexPath }) });
      expect(reader.indexed).toBe(how !== 'stream');
      expect(await reader.verify(testPorts())).toMatchObject({ ok: true, problems: [] });
      const [needed] = await reader.measure([undefined]);
      const report = await reader.extract({ ...testPorts(), directory: out });
      expect(report).toMatchObject({ bytes: needed!.bytes, warnings: [] });
      expectSame(await readTree(join(out, 'storage')), wanted);
      if (!slow) expect(statSync(join(out, 'storage', 'holes')).blocks * 512).toBeLessThan(SLICE_BYTES);
    }
  },
);

test('a rebuilt index finds the very frames of the one that was lost', async () => {
  await using scratch = await temporaryDirectory();
  const { files } = await makeArchive(scratch.path, 'gzip', LARGE);
  const before = await loadIndex(files.indexPath);
  rmSync(files.indexPath);
  await rebuildIndex({ ...testPorts(), ...files, threads: 1 });
  const after = await loadIndex(files.indexPath);
  const seen = ({
    frame,
    path,
    hash,
    size,
    headerOffset,
  }: {
    frame: number;
    path: string;
    hash?: Buffer;
    size: number;
    headerOffset: number;
  }) => [frame, path, hash?.toString('hex'), size, headerOffset];
  expect(Array.from(after.entries(), seen)).toEqual(Array.from(before.entries(), seen));
  expect(after.facts.archiveSha256).toBe(before.facts.archiveSha256);
  expect([...after.frames()].map(({ reusable: _, ...frame }) => frame)).toEqual(
    [...before.frames()].map(({ reusable: _, ...frame }) => frame),
  );
  expect((await readdir(scratch.path)).sort()).toEqual(['archive', 'archive.idx', 'source']);
});

describe('verify of an archive that lost its index', () => {
  const place = (path: string, sha256?: string) => async () => ({ path, ...(sha256 && { sha256 }) });

  test.each(COMPRESSIONS)('%s: proves it, and makes the very index on its way', async (codec) => {
    await using scratch = await temporaryDirectory();
    const slow = codec === 'bzip2' || codec === 'xz';
    const { source, files } = await makeArchive(scratch.path, codec, slow ? TREE : LARGE);
    const [made, rebuilt] = [join(scratch.path, 'made.idx'), join(scratch.path, 'rebuilt.idx')];
    await using reader = await opened({ archivePath: files.archivePath });
    const asStream = await reader.verify(testPorts());
    const report = await reader.verify(testPorts(), undefined, place(made, asStream.sha256.toUpperCase()));
    expect(report).toEqual({ ...asStream, indexMade: true });
    expect(reader.indexed).toBe(true);
    await rebuildIndex({ ...testPorts(), ...files, indexPath: rebuilt, threads: 1 });
    expect(readFileSync(made).equals(readFileSync(rebuilt))).toBe(true);
    const out = join(scratch.path, 'out');
    mkdirSync(out);
    await reader.extract({ ...testPorts(), directory: out });
    expectSame(await readTree(join(out, 'storage')), await readTree(source));
  });

  test('keeps the index that is there when the archive is another than the one it was made for', async () => {
    await using scratch = await temporaryDirectory();
    const { files } = await makeArchive(scratch.path);
    await using reader = await opened({ archivePath: files.archivePath });
    const before = readFileSync(files.indexPath);
    const report = await reader.verify(testPorts(), undefined, place(files.indexPath, '0'.repeat(64)));
    expect(report).toMatchObject({ ok: true });
    expect(report.indexMade).toBeUndefined();
    expect(readFileSync(files.indexPath).equals(before)).toBe(true);
    expect((await readdir(scratch.path)).sort()).toEqual(['archive', 'archive.idx', 'source']);
  });

  test.each(['gzip', 'zstd', 'none'] as const)(
    '%s: one that ends before its end mark is damaged',
    async (codec) => {
      await using scratch = await temporaryDirectory();
      const { files } = await makeArchive(scratch.path, codec);
      const end = [...(await loadIndex(files.indexPath)).frames()].at(-1)!;
      truncateSync(files.archivePath, end.offset);
      const indexPath = join(scratch.path, 'none.idx');
      await using reader = await opened({ archivePath: files.archivePath });
      const report = await reader.verify(testPorts(), undefined, place(indexPath));
      expect(report).toMatchObject({
        ok: false,
        problems: [{ message: expect.stringContaining('truncated') }],
      });
      const rebuilding = rebuildIndex({ ...testPorts(), ...files, indexPath, threads: 1 });
      await expect(rebuilding).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
      expect((await readdir(scratch.path)).sort()).toEqual(['archive', 'archive.idx', 'source']);
    },
  );
});

test.each([true, false])('the content of one file, index: %s', async (indexed) => {
  await using scratch = await temporaryDirectory();
  const { source, files } = await makeArchive(scratch.path, 'gzip', LARGE);
  await using reader = await opened({
    archivePath: files.archivePath,
    ...(indexed && { indexPath: files.indexPath }),
  });
  for (const name of ['big', 'small/59', 'empty', 'two slices', 'holes']) {
    expect((await collect(reader.content(`storage/${name}`))).equals(readFileSync(join(source, name)))).toBe(
      true,
    );
  }
  expect((await collect(reader.content('storage/bytes \\xff\\xfe'))).toString()).toBe('not UTF-8');
  expect((await collect(reader.content('storage/back\\x5cx41'))).toString()).toBe('escape');
  expect((await collect(reader.content('/storage/a link to it'))).toString()).toBe('content 7\n'.repeat(7));
  await expect(collect(reader.content('storage/nothing'))).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
  await expect(collect(reader.content('storage/dangling'))).rejects.toMatchObject({ code: 'USAGE' });
  await expect(collect(reader.content('storage/small'))).rejects.toMatchObject({ code: 'USAGE' });
});

test('entries and sizes are known from the index alone', async () => {
  await using scratch = await temporaryDirectory();
  const { files } = await makeArchive(scratch.path);
  const { size } = statSync(files.archivePath);
  const { archiveSha256 } = (await loadIndex(files.indexPath)).facts;
  // noise under a header that still tells the compression
  writeFileSync(
    files.archivePath,
    Buffer.concat([readFileSync(files.archivePath).subarray(0, 512), Buffer.alloc(size - 512, 7)]),
  );
  await using reader = await opened(files);
  const entries = await listOf(reader.entries());
  expect(entries.find(({ path }) => path === 'storage/small/3')).toMatchObject({
    type: 'file',
    size: 30,
    hash: expect.any(Buffer),
  });
  expect(await reader.measure([['storage/small/3', 'storage/setgid/'], ['storage/small/3']])).toEqual([
    { bytes: 31, entries: 5 },
    { bytes: 30, entries: 3 },
  ]);
  const report = await reader.verify(testPorts(), archiveSha256);
  expect(report.ok).toBe(false);
  expect(report.problems.length).toBeGreaterThan(2);
});

test('threads tell where each damage is, though they read many frames at once', async () => {
  await using scratch = await temporaryDirectory();
  const names = Array.from({ length: 30 }, (_, n) => `noise ${n + 10}`);
  const tree = Object.fromEntries(names.map((name, n) => [name, noise(400_000, n)]));
  const { files } = await makeArchive(scratch.path, 'gzip', tree);
  const index = await loadIndex(files.indexPath);
  const bytes = readFileSync(files.archivePath);
  const hit = [3, 4, 17].map((number) => {
    const { offset, length } = index.frame(number);
    bytes[offset + (length >> 1)]! ^= 1;
    return index.entriesOf(number).map(({ path }) => path);
  });
  writeFileSync(files.archivePath, bytes);
  await using reader = await opened({ ...files, threads: 2 });
  const { ok, problems } = await reader.verify(testPorts());
  expect(ok).toBe(false);
  const told = problems.flatMap(({ path }) => path ?? []);
  for (const paths of hit) expect(paths.filter((path) => told.includes(path))).toHaveLength(1);
  expect(told.every((path) => hit.flat().includes(path))).toBe(true);
});

test.each([true, false])('only what is asked for is extracted, index: %s', async (indexed) => {
  await using scratch = await temporaryDirectory();
  const { files } = await makeArchive(scratch.path);
  const index = indexed ? { indexPath: files.indexPath } : {};
  const out = join(scratch.path, 'out');
  await extractTo(files.archivePath, out, {
    ...index,
    paths: ['storage/small/3', 'storage/a link to it', 'storage/text'],
  });
  const tree = await readTree(out);
  expect(Object.keys(tree)).toEqual([
    'storage',
    'storage/a link to it',
    'storage/small',
    'storage/small/3',
    'storage/text',
  ]);
  expect(tree['storage/a link to it']!.content).toBe('content 7\n'.repeat(7));
  await expect(
    extractTo(files.archivePath, join(scratch.path, 'none'), { ...index, paths: ['storage/smal'] }),
  ).rejects.toMatchObject({
    code: 'NO_SUCH_BACKUP',
    message: '"storage/smal" is not in this backup.',
  });
});

test('a directory that is not empty is left alone', async () => {
  await using scratch = await temporaryDirectory();
  const { source, files } = await makeArchive(scratch.path);
  await using reader = await opened(files);
  const before = await readTree(source);
  await expect(reader.extract({ ...testPorts(), directory: source })).rejects.toMatchObject({
    code: 'USAGE',
  });
  expect(await readTree(source)).toEqual(before);
});

test.each(['verify', 'extract'] as const)(
  '%s stops when asked to, with the index and without',
  async (work) => {
    await using scratch = await temporaryDirectory();
    const { files } = await makeArchive(scratch.path);
    for (const indexPath of [files.indexPath, undefined]) {
      const abort = new AbortController();
      const out = join(scratch.path, `out-${indexPath ? 'index' : 'stream'}`);
      mkdirSync(out);
      await using reader = await opened({ archivePath: files.archivePath, ...(indexPath && { indexPath }) });
      const ports = { ...testPorts(abort.signal), progress: () => abort.abort() };
      const stopped = work === 'verify' ? reader.verify(ports) : reader.extract({ ...ports, directory: out });
      await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await reader.verify(testPorts())).toMatchObject({ ok: true });
    }
  },
);

test('progress grows to its total', async () => {
  await using scratch = await temporaryDirectory();
  const { files } = await makeArchive(scratch.path, 'none', LARGE);
  await using reader = await opened({ ...files, threads: 2 });
  const events: ProgressEvent[] = [];
  const out = join(scratch.path, 'out');
  mkdirSync(out);
  const { bytes } = await reader.extract({
    ...testPorts(),
    directory: out,
    progress: (event) => events.push(event),
  });
  expect(events.every((event, at) => at === 0 || event.bytes >= events[at - 1]!.bytes)).toBe(true);
  expect(events.at(-1)).toMatchObject({ phase: 'extract', bytes, totalBytes: bytes });
});

test('an archive that is not there, or is none', async () => {
  await using scratch = await temporaryDirectory();
  const archivePath = join(scratch.path, 'archive.tar.gz');
  await expect(opened({ archivePath })).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
  for (const content of ['', 'x', 'no archive at all'.repeat(100)]) {
    writeFileSync(archivePath, content);
    await expect(opened({ archivePath })).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  }
});

test.runIf(process.getuid?.() === 0)('owners come back, setuid with them', async () => {
  await using scratch = await temporaryDirectory();
  const { source, files } = await makeArchive(scratch.path, 'none', {
    dir: directory(
      { file: file('x', { uid: 1234, gid: 2345, mode: 0o4750 }), link: symlink('file', { uid: 5, gid: 6 }) },
      { uid: 7, gid: 8 },
    ),
  });
  await extractTo(files.archivePath, join(scratch.path, 'as-root'), { indexPath: files.indexPath });
  expectSame(await readTree(join(scratch.path, 'as-root', 'storage')), await readTree(source));
});

const names = fc
  .array(fc.constantFrom('a', 'B', '.', '-', ' ', '\n', 'é', '\udcff', '*', '\\', "'"), {
    minLength: 1,
    maxLength: 5,
  })
  .map((characters) => characters.join(''))
  .filter((name) => name !== '.' && name !== '..');
const { tree: randomTrees } = fc.letrec<{ tree: Tree; node: Tree[string] }>((tie) => ({
  tree: fc.dictionary(names, tie('node'), { maxKeys: 6 }),
  node: fc.oneof(
    { maxDepth: 4 },
    fc.string({ maxLength: 2000 }),
    fc
      .record({
        content: fc.uint8Array({ maxLength: 5000 }),
        mode: fc.integer({ min: 0, max: 0o7777 }),
        mtime: fc.integer({ min: -1e9, max: 4e9 }),
      })
      .map(({ content, mode, mtime }) => file(content, { mode: mode | 0o400, mtime })),
    names.map((target) => symlink(target)),
    fc
      .record({ tree: tie('tree'), mode: fc.integer({ min: 0, max: 0o7777 }) })
      .map(({ tree, mode }) => directory(tree, { mode: mode | 0o700 })),
  ),
}));

test('any tree comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(randomTrees, async (tree) => {
      await using scratch = await temporaryDirectory();
      const { source, files } = await makeArchive(scratch.path, 'gzip', tree);
      for (const [out, indexPath] of [
        ['indexed', files.indexPath],
        ['streamed', undefined],
      ] as const) {
        await extractTo(
          files.archivePath,
          join(scratch.path, out),
          indexPath === undefined ? {} : { indexPath },
        );
        expectSame(await readTree(join(scratch.path, out, 'storage')), await readTree(source));
      }
    }),
    { numRuns: 10 },
  );
});
