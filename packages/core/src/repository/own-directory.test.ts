import { chmod, chown, link, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeClock } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { freeReserveFile, keepReserveFile } from './lock/reserve-file.ts';
import { isOwnDirectory } from './own-directory.ts';
import { openRepository } from './repository.ts';
import type { Repository } from './repository.ts';
import { makeScratch } from './scratch.ts';
import { addBackup, locked, portsWith, scratchRepository } from './testing.ts';

const NIGHT = Date.parse('2025-12-13T02:00:00Z');
const clock = fakeClock(NIGHT);
const asRoot = process.geteuid?.() === 0;

/** Steps down from root for the length of `work`. */
async function as<T>(uid: number, work: () => Promise<T>): Promise<T> {
  process.seteuid?.(uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

/** A directory of somebody with a file in it, and a link to it at `place` instead of what was there. */
async function linkAway(repository: Repository, place: string): Promise<string> {
  const victim = join(repository.backupDir, 'victim');
  await mkdir(join(victim, 'deep'), { recursive: true });
  for (const name of ['a', 'deep/b', '.tmp-0123456789ab-gofr-plot_daily_20251213_020000.tar.gz'])
    await writeFile(join(victim, name), 'precious');
  await rm(join(repository.backupDir, place), { recursive: true, force: true });
  await symlink(victim, join(repository.backupDir, place));
  return victim;
}

describe('a link in place of a directory of ours is refused by name, and what it leads to stays', () => {
  test.each(['.gofr-backup', '.gofr-backup/scratch', '.gofr-backup/trash', 'daily', 'weekly', 'monthly'])(
    '%s',
    async (place) => {
      await using repository = await scratchRepository(clock);
      await locked(repository, clock, () => addBackup(repository, NIGHT, 'bytes'));
      const victim = await linkAway(repository, place);
      await expect(locked(repository, clock, () => repository.sweep())).rejects.toMatchObject({
        code: 'CONFIG',
        message: `${join(repository.backupDir, place)} is a link`,
      });
      expect(await readdir(victim, { recursive: true })).toHaveLength(4);
      if (place.startsWith('.')) expect(await repository.catalogue()).toHaveLength(1);
      else await expect(repository.catalogue()).rejects.toMatchObject({ code: 'CONFIG' });
    },
  );

  test('but the backup directory itself may be one', async () => {
    await using repository = await scratchRepository(clock);
    await using other = await scratchRepository(clock);
    const backupDir = join(other.backupDir, 'link');
    await symlink(repository.backupDir, backupDir);
    const options = {
      project: 'plot',
      prefix: 'gofr-plot',
      timezone: 'UTC',
      clock,
      logger: portsWith(clock).logger,
    };
    const linked = await openRepository({ ...options, backupDir });
    await locked(linked, clock, async () => {
      await addBackup(linked, NIGHT, 'bytes');
      await linked.sweep();
    });
    expect(await repository.catalogue()).toHaveLength(1);
  });

  test('a backup’s place in the trash that is a link is nobody’s backup', async () => {
    await using repository = await scratchRepository(clock);
    const entry = await locked(repository, clock, () => addBackup(repository, NIGHT, 'bytes'));
    await locked(repository, clock, () => repository.remove(entry, { trash: true }));
    const victim = await linkAway(repository, `.gofr-backup/trash/${entry.filename}`);
    await writeFile(join(victim, entry.filename), 'theirs');
    await locked(repository, clock, async () => {
      await repository.sweep();
      await repository.emptyTrash(-1);
    });
    expect(await readdir(victim, { recursive: true })).toHaveLength(5);
    expect(await repository.trashed()).toEqual([]);
  });

  test('the ballast is neither written nor dropped through one', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {});
    const victim = join(repository.backupDir, 'victim');
    await writeFile(victim, 'precious');
    const reserveFile = join(repository.stateDir, 'ballast');
    await symlink(victim, reserveFile);
    expect(await freeReserveFile(repository.stateDir)).toBe(false);
    await keepReserveFile(repository.stateDir);
    expect(await readFile(victim, 'utf8')).toBe('precious');
    expect(await freeReserveFile(repository.stateDir)).toBe(true);
  });
});

describe.runIf(asRoot)('a directory of another user (needs root)', () => {
  test('where others may write is not trusted; where only its owner can have put it, it is', async () => {
    await using repository = await scratchRepository(clock);
    const daily = join(repository.backupDir, 'daily');
    await mkdir(daily);
    await chown(daily, 4321, 4321);
    expect(await isOwnDirectory(daily)).toBe(true);
    await chmod(repository.backupDir, 0o1777);
    await expect(isOwnDirectory(daily)).rejects.toMatchObject({
      code: 'PERMISSION',
      why: expect.stringContaining('uid 4321') as string,
    });
  });
});

describe.runIf(asRoot)('leftovers of another user are a warning (needs root)', () => {
  const warned: { path?: string }[] = [];
  const logger = { ...portsWith(clock).logger, warn: (fields: object) => void warned.push(fields) };

  test('in the scratch, which may be closed altogether, and in the trash', async () => {
    await using repository = await scratchRepository(clock, { logger });
    await chown(repository.backupDir, 1234, 1234);
    await as(1234, () => locked(repository, clock, () => addBackup(repository, NIGHT, 'bytes')));
    const closed = join(repository.stateDir, 'scratch');
    const trash = join(repository.stateDir, 'trash', 'gofr-plot_daily_20251213_020000.tar.gz');
    for (const directory of [closed, trash]) await mkdir(join(directory, 'in'), { recursive: true });
    await chown(join(repository.stateDir, 'trash'), 1234, 1234);
    for (const directory of [closed, trash]) await chmod(directory, 0o700);
    await as(1234, () =>
      locked(repository, clock, async () => {
        expect(await repository.sweep()).toEqual([]);
        const scratch = await makeScratch(repository, 'test', logger);
        await writeFile(join(scratch.path, 'file'), '');
        await scratch.dispose();
        expect(await repository.catalogue()).toHaveLength(1);
      }),
    );
    expect(warned.map(({ path }) => path)).toEqual(expect.arrayContaining([closed, trash]));
  });

  test('and so are a lock’s files, wherever its directory lets nobody remove another’s', async () => {
    await using repository = await scratchRepository(clock, { logger });
    const { stateDir } = repository;
    for (let taking = 1; taking <= 3; taking++) await locked(repository, clock, async () => {});
    await link(join(stateDir, 'lock.1'), join(stateDir, 'kept'));
    await chmod(repository.backupDir, 0o755);
    await chmod(stateDir, 0o1777);
    await as(1234, async () => {
      for (let taking = 1; taking <= 3; taking++) await locked(repository, clock, async () => {});
    });
    expect(await readdir(stateDir)).toContain('lock.6');
  });
});
