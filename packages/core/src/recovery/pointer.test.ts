import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BackupPlan, silentLogger } from '@gofr-backup/model';
import { Ground } from './ground/ground.ts';
import type { Journal } from './journal.ts';
import { knowHomes } from './place.ts';
import { type Pointer, readPointers, writePointer } from './pointer.ts';
import { findInterrupted } from './settle.ts';
import type { Target } from './target.ts';

const ID = '0123456789abcdef';

test.runIf(process.geteuid?.() === 0)(
  'a pointer to a restore of another user, in a place that is closed, is a warning and stays (needs root)',
  async () => {
    const base = await mkdtemp(join(tmpdir(), 'gofr-pointer-'));
    const closed = join(base, 'closed');
    const workDir = join(closed, 'in', `.gofr-restore-${ID}`);
    const stateDir = join(base, 'state');
    await mkdir(workDir, { recursive: true });
    await mkdir(stateDir);
    const pointer = { id: ID, workDirs: [workDir], places: [join(closed, 'in')] };
    await writeFile(join(stateDir, `restore-${ID}.json`), JSON.stringify(pointer));
    await chmod(closed, 0o700);
    for (const directory of [base, stateDir]) await chmod(directory, 0o777);
    const warned: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
    process.seteuid?.(1234);
    try {
      expect(findInterrupted({ components: [] } as unknown as BackupPlan, stateDir, logger)).toEqual([]);
    } finally {
      process.seteuid?.(0);
    }
    expect(warned).toEqual([{ workDir }]);
    expect(await readdir(stateDir)).toHaveLength(1);
    await rm(base, { recursive: true });
  },
);

describe('a pointer to a work directory that is not to be found', () => {
  let base: string;
  const at = (name: string): string => join(base, name);
  const workDir = (): string => at(`home/.gofr-restore-${ID}`);

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'gofr-pointer-'));
    for (const directory of [workDir(), at('state'), at('other')])
      await mkdir(directory, { recursive: true });
    using ground = new Ground();
    expect(writePointer(at('state'), restoreOf(workDir()), ground)).toBe(true);
  });
  afterEach(() => rm(base, { recursive: true }));

  const read = (): Pointer[] => {
    using ground = new Ground();
    return readPointers(at('state'), ground);
  };

  test.each<[string, (home: string) => Promise<void>]>([
    ['a link', (home) => symlink(at('other'), home)],
    ['a link that leads nowhere', (home) => symlink('nowhere', home)],
    ['another directory', (home) => mkdir(home)],
    ['a file', (home) => writeFile(home, '')],
    ['nothing', async () => {}],
  ])('stays while %s hides its directory, and finds it afterwards', async (_, hide) => {
    await rename(at('home'), at('away'));
    await hide(at('home'));
    expect(read()).toHaveLength(1);
    await rm(at('home'), { recursive: true, force: true });
    await rename(at('away'), at('home'));
    expect(read()).toMatchObject([{ workDirs: [workDir()] }]);
  });

  test('goes when that very directory has it no longer', async () => {
    await rm(workDir(), { recursive: true });
    expect(read()).toEqual([]);
    expect(await readdir(at('state'))).toEqual([]);
  });

  test('of an older version, which knew no directories, goes by the path, and never for a link', async () => {
    const { id, workDirs, places } = restoreOf(workDir());
    await writeFile(at(`state/restore-${ID}.json`), JSON.stringify({ id, workDirs, places }));
    await rename(at('home'), at('away'));
    await symlink(at('other'), at('home'));
    expect(read()).toHaveLength(1);
    await rm(at('home'));
    await mkdir(at('home'));
    expect(read()).toEqual([]);
  });
});

const restoreOf = (workDir: string): Journal => ({
  version: 1,
  id: ID,
  project: 'plot',
  state: 'swapping',
  workDirs: [workDir],
  places: [`${workDir}/../place`].map((path) => join(path)),
  moves: [],
  attributes: [],
});

test('a directory that is a link just when the places are settled is no place to begin from', async () => {
  const base = await mkdtemp(join(tmpdir(), 'gofr-place-'));
  await mkdir(join(base, 'other'));
  await symlink(join(base, 'other'), join(base, 'home'));
  using ground = new Ground();
  const targets = [{ place: join(base, 'home/inner') } as Target];
  expect(() => knowHomes({ targets, stages: [], ground })).toThrow('is no longer what it was');
  await rm(base, { recursive: true });
});
