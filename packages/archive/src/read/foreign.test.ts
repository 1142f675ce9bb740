import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  file,
  hardlink,
  isMissing,
  makeTree,
  readTree,
  sparse,
  symlink,
  temporaryDirectory,
  type TreeEntry,
} from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { collect, extractTo, listOf, opened, testPorts } from './reading.fixture.ts';

const LONG = 'l'.repeat(120);
const TREE = {
  'plain.txt': file('plain\n', { mode: 0o600, mtime: 1_600_000_000 }),
  empty: file('', { mtime: 1 }),
  data: {
    storage: { 'a b.json': '{}', 'bytes-\udcff\udcfe': 'not UTF-8', 'line\nbreak': 'x', 'ünï.txt': 'y' },
    [LONG]: { [LONG]: { [`${LONG}.txt`]: 'a long path' } },
    big: Buffer.alloc(700_000, 'abcdefg'),
  },
  linked: hardlink('data/big'),
  dangling: symlink('data/nowhere'),
  [`deep-${LONG}`]: symlink(`data/${LONG}/${LONG}/${LONG}.txt`),
  setgid: file('s', { mode: 0o2755 }),
  old: file('before 1970', { mtime: -86_400 }),
};

const PYTHON = (format: string, mode: string): string[] => [
  '-c',
  `import sys, tarfile
archive = tarfile.open(sys.argv[1], "w:${mode}", format=tarfile.${format})
archive.add(sys.argv[2], ".")
archive.close()`,
];

/** Makes an archive at `to` of everything below `from`. `loses`: what the format cannot hold. */
const TOOLS: { name: string; make: (to: string, from: string) => [string, string[]]; loses?: string[] }[] = [
  { name: 'GNU tar, gnu', make: (to, from) => ['tar', ['--format=gnu', '-cf', to, '-C', from, '.']] },
  {
    name: 'GNU tar, pax, gzip',
    make: (to, from) => ['tar', ['--format=posix', '-czf', to, '-C', from, '.']],
  },
  { name: 'GNU tar, gnu, bzip2', make: (to, from) => ['tar', ['--format=gnu', '-cjf', to, '-C', from, '.']] },
  { name: 'GNU tar, gnu, xz', make: (to, from) => ['tar', ['--format=gnu', '-cJf', to, '-C', from, '.']] },
  {
    name: 'GNU tar, gnu, zstd',
    make: (to, from) => ['tar', ['--format=gnu', '--zstd', '-cf', to, '-C', from, '.']],
  },
  { name: 'bsdtar, pax', make: (to, from) => ['bsdtar', ['--format=pax', '-czf', to, '-C', from, '.']] },
  { name: 'bsdtar, gnutar', make: (to, from) => ['bsdtar', ['--format=gnutar', '-cf', to, '-C', from, '.']] },
  // busybox cannot store times before 1970
  {
    name: 'busybox tar',
    make: (to, from) => ['busybox', ['tar', '-cf', to, '-C', from, '.']],
    loses: ['old'],
  },
  { name: 'Python, GNU, gzip', make: (to, from) => ['python3', [...PYTHON('GNU_FORMAT', 'gz'), to, from]] },
  { name: 'Python, pax, bzip2', make: (to, from) => ['python3', [...PYTHON('PAX_FORMAT', 'bz2'), to, from]] },
];

function wholeSeconds(tree: Record<string, TreeEntry>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree).map(([path, { mtimeNs, ...entry }]) => [
      path,
      { ...entry, seconds: mtimeNs! / 1_000_000_000n },
    ]),
  );
}

const present = TOOLS.filter(({ make }) => !isMissing(make('', '')[0]));

test.each(present)('an archive of $name is extracted as the tree it was made of', async ({ make, loses }) => {
  await using scratch = await temporaryDirectory();
  const source = await makeTree(join(scratch.path, 'source'), TREE);
  const archivePath = join(scratch.path, 'archive');
  execFileSync(...make(archivePath, source), { stdio: 'ignore' });

  const report = await extractTo(archivePath, join(scratch.path, 'out'));

  expect(report.warnings).toEqual([]);
  const [wanted, got] = [await readTree(source), await readTree(join(scratch.path, 'out'))].map(wholeSeconds);
  for (const tree of [wanted!, got!]) for (const path of loses ?? []) delete tree[path];
  expect(got).toEqual(wanted);
});

test.skipIf(isMissing('python3'))('ustar by Python: what it can hold', async () => {
  await using scratch = await temporaryDirectory();
  const source = await makeTree(join(scratch.path, 'source'), {
    a: 'a',
    [LONG.slice(0, 90)]: { [LONG.slice(0, 90)]: 'prefix field' },
  });
  const archivePath = join(scratch.path, 'archive.tar.xz');
  execFileSync('python3', [...PYTHON('USTAR_FORMAT', 'xz'), archivePath, source]);
  await extractTo(archivePath, join(scratch.path, 'out'));
  expect(wholeSeconds(await readTree(join(scratch.path, 'out')))).toEqual(
    wholeSeconds(await readTree(source)),
  );
});

test.each(['--format=gnu', '--sparse-version=0.0', '--sparse-version=0.1', '--sparse-version=1.0'])(
  'sparse files of GNU tar %s come back, and sparse',
  async (format) => {
    await using scratch = await temporaryDirectory();
    const parts = Array.from({ length: 40 }, (_, n) => [n * 200_000 + 4096, `part ${n}`] as const);
    const source = await makeTree(join(scratch.path, 'source'), {
      many: sparse(9_000_000, parts),
      none: sparse(5_000_000),
      after: 'x',
    });
    const archivePath = join(scratch.path, 'archive.tar');
    const posix = format === '--format=gnu' ? [] : ['--format=posix'];
    execFileSync('tar', [...posix, format, '-S', '-cf', archivePath, '-C', source, '.']);
    const out = join(scratch.path, 'out');
    await extractTo(archivePath, out);
    expect(await readTree(out, { without: ['mtimeNs'] })).toEqual(
      await readTree(source, { without: ['mtimeNs'] }),
    );
    expect(statSync(join(out, 'none')).blocks).toBe(0);
    expect(statSync(join(out, 'many')).blocks * 512).toBeLessThan(1_000_000);
    await using reader = await opened({ archivePath });
    expect((await collect(reader.content('many'))).subarray(4096, 4102).toString()).toBe('part 0');
    expect((await collect(reader.content('none'))).length).toBe(5_000_000);
  },
);

test.skipIf(isMissing('python3'))(
  'an archive of the first generation: one gzip stream, listed, measured, one file read',
  async () => {
    await using scratch = await temporaryDirectory();
    const source = await makeTree(scratch.path, {
      storage: { 'metadata.json': '{}', charts: { 'a.png': 'PNG' } },
      auth: { token: 't' },
    });
    const archivePath = join(source, 'gofr-plot_daily_20250101_020000.tar.gz');
    const script = `import sys, tarfile
with tarfile.open(sys.argv[1], "w:gz") as archive:
    archive.add(sys.argv[2] + "/storage", arcname="data/storage")
    archive.add(sys.argv[2] + "/auth", arcname="data/auth")`;
    execFileSync('python3', ['-c', script, archivePath, source]);
    await using reader = await opened({ archivePath });
    expect(reader.indexed).toBe(false);
    expect(reader.codec).toBe('gzip');
    expect((await listOf(reader.entries())).map(({ path }) => path)).toEqual([
      ...['data/storage', 'data/storage/charts', 'data/storage/charts/a.png', 'data/storage/metadata.json'],
      ...['data/auth', 'data/auth/token'],
    ]);
    expect(await reader.measure([['data/storage']])).toEqual([{ bytes: 5, entries: 5 }]);
    expect((await collect(reader.content('data/storage/charts/a.png'))).toString()).toBe('PNG');
    const out = join(source, 'out');
    mkdirSync(out);
    const report = await reader.extract({ ...testPorts(), directory: out, paths: ['data/auth'] });
    expect(report).toEqual({ files: 1, bytes: 1, warnings: [] });
    expect(Object.keys(await readTree(out))).toEqual(['data', 'data/auth', 'data/auth/token']);
  },
);

test('a selected hard link brings the content of a file that is not selected', async () => {
  await using scratch = await temporaryDirectory();
  const source = await makeTree(join(scratch.path, 'source'), {
    a: { file: 'content' },
    b: { one: hardlink('a/file'), two: hardlink('a/file') },
  });
  const archivePath = join(scratch.path, 'archive.tar');
  execFileSync('tar', ['-cf', archivePath, '-C', source, 'a', 'b']);
  const out = join(scratch.path, 'out');
  await extractTo(archivePath, out, { paths: ['b'] });
  const tree = await readTree(out);
  expect(Object.keys(tree)).toEqual(['b', 'b/one', 'b/two']);
  expect(tree['b/one']!.content).toBe('content');
  expect(tree['b/two']!.hardlinkTo).toBe('b/one');
});

test('several gzip members, zstd frames, bzip2 or xz streams in a row are one archive', async () => {
  await using scratch = await temporaryDirectory();
  const source = await makeTree(join(scratch.path, 'source'), { a: Buffer.alloc(300_000, 'ab'), b: 'b' });
  const tar = execFileSync('tar', ['-cf', '-', '-C', source, '.'], { maxBuffer: 1 << 24 });
  for (const program of ['gzip', 'zstd', 'bzip2', 'xz']) {
    const halves = [tar.subarray(0, 77_777), tar.subarray(77_777)].map((input) =>
      execFileSync(program, ['-c'], { input }),
    );
    const archivePath = join(scratch.path, program);
    writeFileSync(archivePath, Buffer.concat(halves));
    await extractTo(archivePath, join(scratch.path, `out-${program}`));
    expect(await readTree(join(scratch.path, `out-${program}`), { without: ['mtimeNs'] })).toEqual(
      await readTree(source, { without: ['mtimeNs'] }),
    );
  }
});
