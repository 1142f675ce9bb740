import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { BackupError, type Component } from '@gofr-backup/model';
import { fifo, isMissing, makeTree, sparse, temporaryDirectory, type Tree } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { archive, inside, LEVELS, writerPorts } from '../../write/create.fixture.ts';
import { createArchive } from '../../write/create.ts';
import { loadIndex } from '../../index/whole-index.ts';

const TREE: Tree = {
  storage: {
    'metadata.json': '{}',
    'one.png': 'png',
    team: { 'metadata.json': '{}', 'x.metadata.json': '{}', 'two.png': 'png', 'cache.tmp': 't' },
    pictures: { 'three.png': 'png' },
  },
  auth: { tokens: 'secret' },
};

async function list(options: { components?: Component[]; exclude?: string[] }, tree: Tree = TREE) {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('data'), tree);
  const components = (options.components ?? [component('storage')]).map((one) => ({
    ...one,
    root: at(one.root),
  }));
  const result = await archive(at('data'), at('out'), { codec: 'none', ...options, components });
  return { result, names: names(at('out')) };
}

function component(name: string, select: Component['select'] = 'all', path = name): Component {
  return { name, root: `data/${path}`, archivePath: `data/${path}`, select };
}

function names(path: string): string[] {
  return execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim().split('\n');
}

test('a tree in order, with the directory above it', async () => {
  const { names: found, result } = await list({ components: [component('storage'), component('auth')] });
  expect(found).toEqual([
    'data/',
    'data/storage/',
    'data/storage/metadata.json',
    'data/storage/one.png',
    'data/storage/pictures/',
    'data/storage/pictures/three.png',
    'data/storage/team/',
    'data/storage/team/cache.tmp',
    'data/storage/team/metadata.json',
    'data/storage/team/two.png',
    'data/storage/team/x.metadata.json',
    'data/auth/',
    'data/auth/tokens',
  ]);
  expect(result.components).toEqual([
    { name: 'storage', present: true, files: 7, bytes: 16 },
    { name: 'auth', present: true, files: 1, bytes: 6 },
  ]);
});

test('metadata alone takes only its files, and the directories they are in', async () => {
  const { names: found } = await list({ components: [component('metadata', 'metadata-only', 'storage')] });
  expect(found).toEqual([
    'data/',
    'data/storage/',
    'data/storage/metadata.json',
    'data/storage/team/',
    'data/storage/team/metadata.json',
    'data/storage/team/x.metadata.json',
  ]);
});

test('storage without metadata leaves those out; both together are one tree, counted apart', async () => {
  const without = component('storage', 'without-metadata');
  expect((await list({ components: [without] })).names.filter((name) => name.endsWith('.json'))).toEqual([]);
  const both = await list({ components: [without, component('metadata', 'metadata-only', 'storage')] });
  expect(both.names).toEqual((await list({})).names);
  expect(both.result.components.map(({ name, files }) => [name, files])).toEqual([
    ['storage', 4],
    ['metadata', 3],
  ]);
});

test('excluded: a name anywhere, a path, a whole directory', async () => {
  const left = async (...exclude: string[]) => (await list({ exclude })).names.slice(2);
  expect(await left('*.tmp')).not.toContain('data/storage/team/cache.tmp');
  expect(await left('data/storage/team')).toEqual(await left('team/'));
  expect(await left('data/storage/**/*.png')).not.toContain('data/storage/pictures/three.png');
  expect(await left('team', 'pictures', '*.png', '*.json')).toEqual([]);
});

test('what is missing or special is a warning', async () => {
  const { result, names: found } = await list(
    { components: [component('storage'), component('logs'), component('auth')] },
    { storage: { pipe: fifo(), file: 'x' }, auth: { tokens: 'y' } },
  );
  expect(result.warnings).toMatchObject([
    { code: 'special-file', path: 'data/storage/pipe' },
    { code: 'missing-component' },
  ]);
  expect(result.components.map(({ present }) => present)).toEqual([true, false, true]);
  expect(found).toContain('data/auth/tokens');
});

test('a socket is special', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  mkdirSync(at('source'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('source/socket'), resolve));
  const result = await archive(at('source'), at('out'));
  server.close();
  expect(result.warnings).toMatchObject([{ code: 'special-file' }]);
});

test.skipIf(process.getuid!() === 0)(
  'what may not be read is listed with its owner, the rest is archived',
  async () => {
    await using place = await temporaryDirectory();
    const at = inside(place.path);
    await makeTree(at('source'), { closed: { inner: 'x' }, listed: { inner: 'x' }, secret: 's', open: 'o' });
    chmodSync(at('source/secret'), 0);
    chmodSync(at('source/closed'), 0);
    chmodSync(at('source/listed'), 0o444);
    const result = await archive(at('source'), at('out'), { codec: 'none' });
    for (const name of ['closed', 'listed']) chmodSync(at(`source/${name}`), 0o755);
    const uid = process.getuid!();
    expect(result.unreadable).toEqual([
      { path: 'storage/closed', uid },
      // nothing of it can be learnt
      { path: 'storage/listed/inner', uid: undefined },
      { path: 'storage/secret', uid },
    ]);
    expect(result.files).toBe(1);
    expect(names(at('out'))).toEqual(['storage/', 'storage/closed/', 'storage/listed/', 'storage/open']);
  },
);

test('names of one file: the first is the file, the others links; across frames too', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  mkdirSync(at('source'));
  writeFileSync(at('source/a'), Buffer.alloc(2_500_000, 'linked\n'));
  writeFileSync(at('source/b'), Buffer.alloc(900_000, 'between\n'));
  writeFileSync(at('source/c'), Buffer.alloc(900_000, 'between\n'));
  linkSync(at('source/a'), at('source/d'));
  const result = await archive(at('source'), at('out'), { codec: 'none' });
  const index = await loadIndex(at('out.idx'));
  expect([...index.entries()].at(-1)).toMatchObject({
    path: 'storage/d',
    type: 'hardlink',
    linkTarget: 'storage/a',
  });
  expect(result).toMatchObject({ files: 4, sourceBytes: 4_300_000 });
});

test('a file with holes is marked sparse, a full one is not', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('source'), { holes: sparse(1_000_000, [[500_000, 'x']]), full: 'x'.repeat(10_000) });
  await archive(at('source'), at('out'));
  const index = await loadIndex(at('out.idx'));
  expect([...index.entries()].map(({ path, sparse: marked }) => [path, marked])).toEqual([
    ['storage', false],
    ['storage/full', false],
    ['storage/holes', true],
  ]);
});

test('a single file is a component; a root that is a link is followed only when that is allowed', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('source'), { file: 'x' });
  symlinkSync('source', at('alias'));
  await archive(at('source/file'), at('1'), { codec: 'none' });
  await expect(archive(at('alias'), at('2'), { codec: 'none' })).rejects.toMatchObject({ code: 'CONFIG' });
  await archive(at('alias'), at('3'), { codec: 'none', followRootLinks: true });
  expect(names(at('1'))).toEqual(['storage']);
  expect(names(at('3'))).toEqual(['storage/', 'storage/file']);
});

test('never over an existing file; an abort is CANCELLED; a full rate is kept', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('source'), { a: 'x'.repeat(300_000), b: 'y'.repeat(300_000), c: 'z'.repeat(1_900_000) });
  writeFileSync(at('taken'), 'mine');
  await expect(archive(at('source'), at('taken'))).rejects.toThrow(BackupError);
  expect(readFileSync(at('taken'), 'utf8')).toBe('mine');
  const aborted = AbortSignal.abort();
  await expect(archive(at('source'), at('aborted'), { signal: aborted })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  const soon = new AbortController();
  const running = archive(at('source'), at('slow'), { readRate: 1000, signal: soon.signal });
  await Promise.all([
    expect(running).rejects.toMatchObject({ code: 'CANCELLED' }),
    setTimeout(50).then(() => soon.abort()),
  ]);
  const started = performance.now();
  await archive(at('source'), at('rated'), { readRate: 2_000_000 });
  expect(performance.now() - started).toBeGreaterThan(200);
});

test.skipIf(isMissing('bzip2'))('a missing compressor is named, with what to do', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('source'), { a: 'x' });
  const path = process.env['PATH'];
  process.env['PATH'] = '/nowhere';
  try {
    await expect(
      createArchive({
        ...writerPorts(),
        components: [{ name: 'storage', root: at('source'), archivePath: 'storage', select: 'all' }],
        exclude: [],
        codec: { name: 'bzip2', level: LEVELS.bzip2 },
        archivePath: at('out'),
        indexPath: at('out.idx'),
        threads: 1,
        linkUnchanged: false,
      }),
    ).rejects.toMatchObject({ message: expect.stringContaining('bzip2') as string });
  } finally {
    process.env['PATH'] = path;
  }
});

test.skipIf(process.getuid!() !== 0)('without /proc nothing is archived, and the error says so', async () => {
  await using place = await temporaryDirectory();
  const fixture = join(import.meta.dirname, '../../write/create.fixture.ts');
  const code = `
    const [fixture, place] = process.argv.slice(1);
    const { archive } = await import(fixture);
    await archive(place, place + '/out').catch((error) => console.log(error.code, error.message));`;
  const args = ['-m', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'];
  const node = [process.execPath, '-e', code, fixture, place.path];
  const said = execFileSync('unshare', [...args, ...node], { encoding: 'utf8' });
  expect(said).toBe('CONFIG /proc is not mounted\n');
});
