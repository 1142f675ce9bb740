/** One file with names in several components comes back as one, or the loss is told. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveEntry } from '@gofr-backup/model';
import { FAST } from '@gofr-backup/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backup } from '../../operations/backup.ts';
import { restore } from '../../operations/restore.ts';
import { contextFor, makeWorld, type World } from '../../operations/restoring.fixture.ts';
import type { Stage } from '../stages.ts';
import type { Target } from '../target.ts';
import { SplitLinks } from './split-links.ts';

describe('a restore', () => {
  let world: World;
  const at = (path: string): string => join(world.base, path);
  const inode = (path: string): number => lstatSync(at(path)).ino;
  const NAMES = ['data/storage/one', 'logs/closed/two', 'logs/three'];

  beforeEach(() => {
    world = makeWorld();
    for (const path of ['data/storage', 'data/auth', 'logs/closed']) mkdirSync(at(path), { recursive: true });
    writeFileSync(at(NAMES[0]!), 'content');
    for (const name of NAMES.slice(1)) linkSync(at(NAMES[0]!), at(name));
    utimesSync(at('logs/closed'), 1000, 1_500_000_000);
    chmodSync(at('logs/closed'), 0o555);
  });
  afterEach(async () => {
    if (existsSync(at('logs/closed'))) chmodSync(at('logs/closed'), 0o755);
    await world.dispose();
  });

  const backUp = async () => (await backup(world.ctx, { trigger: 'manual' })).backup.filename;

  test('links again what lies in different components', async () => {
    const name = await backUp();
    rmSync(at(NAMES[0]!));
    expect(await restore(world.ctx, { backup: name, safetyBackup: false })).not.toHaveProperty('warnings');
    expect(NAMES.map(inode)).toEqual(NAMES.map(() => inode(NAMES[0]!)));
    const { nlink } = lstatSync(at(NAMES[0]!));
    expect(nlink).toBe(3);
    const { mode, mtimeMs } = lstatSync(at('logs/closed'));
    expect([mode & 0o777, mtimeMs]).toEqual([0o555, 1_500_000_000_000]);
  });

  test('of one component links those of its names that it has', async () => {
    const name = await backUp();
    await restore(world.ctx, { backup: name, only: ['logs'], safetyBackup: false });
    expect(inode(NAMES[1]!)).toBe(inode(NAMES[2]!));
    expect(lstatSync(at(NAMES[1]!)).nlink).toBe(2);
  });

  test.skipIf(statSync(FAST).dev === statSync(tmpdir()).dev)(
    'names what lies on different file systems now',
    async () => {
      const name = await backUp();
      const elsewhere = mkdtempSync(join(tmpdir(), 'split-links-'));
      const components = world.plan.components.map((one) =>
        one.name === 'logs' ? { ...one, root: join(elsewhere, 'logs') } : one,
      );
      const ctx = contextFor({ ...world.plan, components });
      const { warnings } = await restore(ctx, { backup: name, safetyBackup: false });
      expect(warnings).toEqual([
        expect.stringMatching(/^were one file .* logs\/closed\/two and data\/storage\/one, logs\/three and/),
      ]);
      expect(lstatSync(join(elsewhere, 'logs/three')).size).toBe(7);
      chmodSync(join(elsewhere, 'logs/closed'), 0o755);
      await rm(elsewhere, { recursive: true });
    },
  );
});

describe('links that stages separate', () => {
  const target = (place: string): Target => ({
    ...{ components: [], place: `/${place}`, archivePath: place, paths: [place], merge: false, stays: false },
    ...{
      withheld: [],
      keeps: () => false,
      owns: () => true,
      takes: () => true,
      keepsAttributes: () => false,
    },
  });
  const stage = (place: string): Stage => ({
    ...{ workDir: `/work-${place}`, isMount: false, paths: [place] },
    roots: [{ place: `/${place}`, archivePath: place }],
  });
  const PLACES = ['a', 'b', 'c'];

  /** `b/1>a/1`: a link; `a/1`: a file. */
  function seen(words: string): string[] {
    const links = new SplitLinks(PLACES.map(target), PLACES.map(stage));
    for (const [path, linkTarget] of words.split(' ').map((word) => word.split('>')))
      links.see({ path, type: linkTarget === undefined ? 'file' : 'hardlink', linkTarget } as ArchiveEntry);
    return links.list().map(({ path, file }) => `${path}=${file}`);
  }

  test.each([
    ['within one stage there are none', 'a/1 a/2>a/1', []],
    ['every name in another stage is one', 'a/1 b/1>a/1 b/2>a/1 c/1>a/1', ['b/1=a/1', 'b/2=a/1', 'c/1=a/1']],
    ['a link to a link leads to the file', 'a/1 b/1>a/1 c/1>b/1', ['b/1=a/1', 'c/1=a/1']],
    ['a link back to the first stage is none', 'a/1 b/1>a/1 a/2>b/1', ['b/1=a/1']],
    ['the first name that is restored stands for one that is not', 'x b/1>x b/2>x c/1>x', ['c/1=b/1']],
    ['a file that comes again is another', 'a/1 b/1>a/1 a/1 c/1>a/1', ['c/1=a/1']],
    ['a link that is replaced is none', 'a/1 b/1>a/1 b/1', []],
    ['a file that comes again where it is not restored is another', 'x b/1>x x c/1>x c/2>x', []],
  ])('%s', (_, words, links) => {
    expect(seen(words)).toEqual(links);
  });
});
