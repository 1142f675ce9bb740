/** What lies deeper than the kernel takes at once comes back, and what is too deep for an archive is told of. */
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openArchive } from '@gofr-backup/archive';
import { toBytePath } from '@gofr-backup/model';
import { DirectoryHandle, removeTree } from '@gofr-backup/posix';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compareTree } from '../recovery/index.ts';
import { repositoryOf } from './context.ts';
import { backup } from './backup.ts';
import { drill } from './drill.ts';
import { restore } from './restore.ts';
import { makeWorld, type World } from './restoring.fixture.ts';

const NAME = 250;
const STORAGE = 'data/storage';
const LONGEST = 65_536;
let world: World;
const at = (path: string): string => join(world.base, path);

beforeEach(() => {
  world = makeWorld();
  mkdirSync(at(STORAGE), { recursive: true });
  mkdirSync(at('data/auth'));
  mkdirSync(at('logs'));
  writeFileSync(at('data/storage/shallow'), 'there');
});
afterEach(() => removeTree(toBytePath(world.base)));

/** Names of directories and of a file, with which its path in the archive has `length` bytes. */
function namesFor(length: number): string[] {
  const names: string[] = [];
  let left = length - STORAGE.length;
  for (; left > 2 * NAME; left -= NAME + 1) names.push('d'.repeat(NAME));
  return [...names, 'd'.repeat(Math.floor(left / 2) - 1), 'f'.repeat(Math.ceil(left / 2) - 1)];
}

/** The directory that the last of the names lies in; it is made where it is missing. */
function within<T>(root: string, names: string[], make: boolean, look: (directory: DirectoryHandle) => T): T {
  let directory = DirectoryHandle.open(toBytePath(root));
  for (const name of names.slice(0, -1)) {
    if (make && directory.lstat(name) === undefined) mkdirSync(directory.at(name));
    const next = directory.openDirectory(name);
    directory.close();
    directory = next;
  }
  using last = directory;
  return look(last);
}

function fill(length: number): string[] {
  const names = namesFor(length);
  expect([STORAGE, ...names].join('/')).toHaveLength(length);
  within(at(STORAGE), names, true, (directory) => {
    writeFileSync(directory.at(names.at(-1)!), 'deep');
    symlinkSync('nowhere', directory.at('l'));
  });
  return names;
}

const contentOf = (root: string, names: string[]): string =>
  within(root, names, false, (directory) => readFileSync(directory.at(names.at(-1)!), 'utf8'));

test.each([4060, 4095, 4096, 32_769, LONGEST])(
  'a path of %d bytes is drilled and restored, in place and elsewhere',
  async (length) => {
    const names = fill(length);
    const { backup: made } = await backup(world.ctx, { trigger: 'manual' });
    expect(made).toMatchObject({ warnings: [], files: 3 });
    expect(await drill(world.ctx, { backup: made.filename })).toMatchObject({
      ok: true,
      problems: [],
      files: 3,
    });
    within(at(STORAGE), names, false, (directory) => writeFileSync(directory.at(names.at(-1)!), 'other'));
    const dry = await restore(world.ctx, { backup: made.filename, dryRun: true });
    expect(dry.changes).toMatchObject({
      replaced: { files: 1 },
      removed: { files: 0 },
      unchanged: { files: 2 },
    });
    expect(await restore(world.ctx, { backup: made.filename })).not.toHaveProperty('warnings');
    expect(contentOf(at(STORAGE), names)).toBe('deep');
    await restore(world.ctx, { backup: made.filename, to: at('elsewhere') });
    expect(contentOf(at(`elsewhere/${STORAGE}`), names)).toBe('deep');
  },
  60_000,
);

test('a comparison sees what is wrong there', async () => {
  const names = fill(5000);
  const { backup: made } = await backup(world.ctx, { trigger: 'manual' });
  const repository = await repositoryOf(world.ctx);
  const reader = await openArchive({
    ...world.ctx,
    archivePath: repository.pathOf(made),
    indexPath: repository.indexPathOf(made),
    threads: 1,
  });
  const directory = at('looked-at');
  mkdirSync(directory);
  await reader.extract({ ...world.ctx, directory });
  const compared = async () => (await compareTree(reader, toBytePath(directory), world.ctx)).problems;
  expect(await compared()).toEqual([]);
  within(join(directory, STORAGE), names, false, (deepest) => {
    writeFileSync(deepest.at(names.at(-1)!), 'peed');
    rmSync(deepest.at('l'));
    writeFileSync(deepest.at('more'), '');
    writeFileSync(deepest.at('again'), '');
  });
  const messages = (await compared()).map(({ message }) => message);
  expect(messages).toEqual(
    expect.arrayContaining(['was not restored', 'has another modification time', 'is not in the archive']),
  );
  await reader.close();
});

test('what is deeper than an archive takes is left out with a warning that names it', async () => {
  fill(LONGEST + 1);
  const { backup: made } = await backup(world.ctx, { trigger: 'manual' });
  const [warning, ...others] = made.warnings!;
  expect(others).toEqual([]);
  expect(warning).toMatchObject({
    code: 'path-too-long',
    message: 'its path is 65537 bytes long, an archive takes 65536: left out',
  });
  expect(warning!.path).toMatch(/^data\/storage\/d{250}\//);
  expect(await drill(world.ctx, { backup: made.filename })).toMatchObject({ ok: true, files: 2 });
  await restore(world.ctx, { backup: made.filename, to: at('elsewhere') });
  expect(lstatSync(at('elsewhere/data/storage/shallow')).isFile()).toBe(true);
});
