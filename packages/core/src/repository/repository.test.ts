import { execFileSync } from 'node:child_process';
import {
  chmod,
  cp,
  link,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fakeClock, readTree } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { copyHashed } from './promote.ts';
import type { Repository } from './repository.ts';
import { addBackup, locked, scratchRepository } from './testing.ts';

const NIGHT = Date.parse('2025-12-13T02:00:00Z');
const NAME = 'gofr-plot_daily_20251213_020000.tar.gz';
const clock = fakeClock(NIGHT);

const manifestOf = async (repository: { backupDir: string }) =>
  JSON.parse(await readFile(join(repository.backupDir, 'manifest.json'), 'utf8'));

describe('a commit', () => {
  test('gives archive, sidecars and manifest their places', async () => {
    await using repository = await scratchRepository(clock);
    const entry = await locked(repository, clock, () => addBackup(repository, NIGHT, 'bytes', { files: 3 }));
    expect(await readdir(join(repository.backupDir, 'daily'))).toEqual(
      ['', '.idx', '.json', '.sha256'].map((suffix) => NAME + suffix),
    );
    execFileSync('sha256sum', ['-c', `${NAME}.sha256`], { cwd: join(repository.backupDir, 'daily') });
    const manifest = await manifestOf(repository);
    expect(manifest).toMatchObject({ version: 1, project: 'plot' });
    expect(manifest.backups[NAME]).toEqual(entry);
    expect(await repository.catalogue()).toEqual([entry]);
    expect((await stat(repository.stateDir)).mode & 0o777).toBe(0o700);
  });

  test('in the same second, or the repeated hour, gets a name of its own', async () => {
    await using repository = await scratchRepository(clock, { timezone: 'Europe/Berlin' });
    const first = Date.parse('2025-10-26T00:30:00Z');
    const made = await locked(repository, clock, async () => [
      await addBackup(repository, first, 'a'),
      await addBackup(repository, first, 'b'),
      await addBackup(repository, first + 3_600_000, 'c'),
    ]);
    expect(made.map(({ filename }) => filename.slice('gofr-plot_daily_'.length))).toEqual([
      '20251026_023000.tar.gz',
      '20251026_023000_2.tar.gz',
      '20251026_023000_3.tar.gz',
    ]);
    expect((await repository.catalogue())[0]?.filename).toBe(made[2]?.filename);
  });

  test('never replaces a file that appeared meanwhile', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const reservation = await repository.reserve({ tier: 'daily', at: NIGHT, compression: 'gzip' });
      await writeFile(reservation.archivePath, 'new');
      await writeFile(join(repository.backupDir, 'daily', NAME), 'somebody else’s');
      const commit = repository.commit(reservation, { sha256: 'a'.repeat(64), status: 'unverified' });
      await expect(commit).rejects.toMatchObject({ code: 'FAILED' });
    });
    expect(await readFile(join(repository.backupDir, 'daily', NAME), 'utf8')).toBe('somebody else’s');
  });

  test('without the lock, or after it was lost, changes nothing', async () => {
    await using repository = await scratchRepository(clock);
    await expect(addBackup(repository, NIGHT, 'x')).rejects.toThrow('lock');
    const lost = locked(repository, clock, async () => {
      await writeFile(join(repository.stateDir, 'lock.2'), '{}');
      return addBackup(repository, NIGHT + 1000, 'x');
    });
    await expect(lost).rejects.toMatchObject({ code: 'BUSY' });
    const names = await readdir(join(repository.backupDir, 'daily'));
    expect(names.filter((name) => !name.startsWith('.tmp-'))).toEqual([]);
  });
});

describe('the catalogue', () => {
  test('comes from the directory when the manifest is lost; what a run knew is still known, but not its verdict', async () => {
    await using repository = await scratchRepository(clock);
    const [good, bad] = await locked(repository, clock, async () => {
      const facts = { files: 3, trigger: 'schedule' as const };
      const one = await addBackup(repository, NIGHT, 'one', facts);
      const two = await addBackup(repository, NIGHT + 1000, 'two', { status: 'incomplete' });
      return [await repository.update(one.filename, { status: 'good', verified: true }), two];
    });
    await rm(join(repository.backupDir, 'manifest.json'));
    expect(await repository.catalogue()).toEqual([bad, { ...good, status: 'unverified', verified: false }]);
  });

  test('sets a damaged manifest aside at the next change, and keeps what can be read of it', async () => {
    await using repository = await scratchRepository(clock);
    const path = join(repository.backupDir, 'manifest.json');
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'one');
      await writeFile(path, (await readFile(path, 'utf8')).slice(0, 100));
      await repository.rebuild();
    });
    const aside = (await readdir(repository.backupDir)).filter((name) =>
      name.startsWith('manifest.json.damaged-'),
    );
    expect(aside).toHaveLength(1);
    expect(await readFile(join(repository.backupDir, aside[0] ?? ''), 'utf8')).toHaveLength(100);
    expect(Object.keys((await manifestOf(repository)).backups)).toEqual([NAME]);
  });

  test('does not believe a record of a file of another size', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'whole');
      await repository.update(NAME, { status: 'good', verified: true });
    });
    await writeFile(join(repository.backupDir, 'daily', NAME), 'who');
    expect(await repository.catalogue()).toMatchObject([
      { status: 'unverified', verified: false, size_bytes: 3 },
    ]);
  });

  test('leaves alone what is not ours: other names, other prefixes, links, directories, a name in the wrong tier', async () => {
    await using repository = await scratchRepository(clock);
    const daily = join(repository.backupDir, 'daily');
    await mkdir(join(daily, 'gofr-plot_daily_20251201_020000.tar.gz'), { recursive: true });
    const strangers = [
      'notes.txt',
      '.hidden',
      'other_daily_20251213_020000.tar.gz',
      NAME.replace('daily', 'weekly'),
    ];
    for (const name of [...strangers, '.tmp-notours', 'other_daily_20251213_020000.tar.gz.sha256'])
      await writeFile(join(daily, name), name);
    const before = await readTree(daily);
    await locked(repository, clock, () => repository.sweep());
    expect(await repository.catalogue()).toEqual([]);
    expect(await readTree(daily)).toEqual(before);
  });

  test('is not held up by a FIFO where a sidecar or the manifest should be', async () => {
    await using repository = await scratchRepository(clock);
    await mkdir(join(repository.backupDir, 'daily'), { recursive: true });
    await writeFile(join(repository.backupDir, 'daily', NAME), 'bytes');
    for (const name of [`daily/${NAME}.json`, `daily/${NAME}.sha256`, 'manifest.json'])
      execFileSync('mkfifo', [join(repository.backupDir, name)]);
    expect(await repository.catalogue()).toMatchObject([{ filename: NAME, status: 'unverified' }]);
  });

  test('of a directory that is not there is empty', async () => {
    await using repository = await scratchRepository(clock);
    await rm(repository.backupDir, { recursive: true });
    expect(await repository.catalogue()).toEqual([]);
    await expect(repository.find('latest')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    await mkdir(repository.backupDir);
  });
});

test('latest is the newest good one; what a restore saved first counts only when there is no other', async () => {
  const later = NIGHT + 3_600_000;
  await using repository = await scratchRepository(fakeClock(later));
  await locked(repository, clock, async () => {
    await addBackup(repository, NIGHT, 'asked for');
    const saved = await addBackup(repository, later, 'saved before a restore');
    await repository.update(saved.filename, { status: 'good', verified: true, trigger: 'pre-restore' });
    expect(await repository.find('latest')).toMatchObject({ filename: NAME, status: 'unverified' });
    await repository.update(NAME, { status: 'corrupt' });
    expect(await repository.find('latest')).toMatchObject({ filename: saved.filename });
  });
});

test('latest is the newest of all when backups are not read back after they are made', async () => {
  await using repository = await scratchRepository(fakeClock(NIGHT + 3_600_000), {
    unverifiedIsGood: true,
  });
  await locked(repository, clock, async () => {
    const old = await addBackup(repository, NIGHT, 'scrubbed since');
    const newest = await addBackup(repository, NIGHT + 3_600_000, 'not read yet');
    await repository.update(old.filename, { status: 'good', verified: true });
    expect(await repository.find('latest')).toMatchObject({ filename: newest.filename });
    await repository.update(newest.filename, { status: 'corrupt' });
    expect(await repository.find('latest')).toMatchObject({ filename: old.filename });
  });
});

describe('a backup dated in the future', () => {
  const later = NIGHT + 86_400_000;
  const addFuture = async (repository: Repository) => {
    const { filename } = await addBackup(repository, later, 'made by a wrong clock');
    return repository.update(filename, { status: 'good', verified: true });
  };

  test('is not the latest, and can be named', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const ahead = await addFuture(repository);
      await expect(repository.find('latest')).rejects.toMatchObject({
        code: 'NO_SUCH_BACKUP',
        why: expect.stringContaining('1 dated in the future'),
      });
      await addBackup(repository, NIGHT, 'now');
      expect(await repository.find('latest')).toMatchObject({ filename: NAME, status: 'unverified' });
      expect(await repository.find(ahead.filename)).toEqual(ahead);
    });
  });

  test('is, once its time has come', async () => {
    const running = fakeClock(NIGHT);
    await using repository = await scratchRepository(running);
    await locked(repository, running, async () => {
      const ahead = await addFuture(repository);
      running.advance(later - NIGHT);
      expect(await repository.find('latest')).toEqual(ahead);
    });
  });
});

describe('a pin', () => {
  test('outlives a lost manifest, and is taken away again', async () => {
    await using repository = await scratchRepository(clock);
    const lose = () => rm(join(repository.backupDir, 'manifest.json'));
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'bytes');
      expect(await repository.pin(NAME)).toMatchObject({ pinned: true });
      await lose();
      expect(await repository.catalogue()).toMatchObject([{ filename: NAME, pinned: true }]);
      expect(await repository.unpin(NAME)).not.toHaveProperty('pinned');
      await lose();
      expect((await repository.catalogue())[0]).not.toHaveProperty('pinned');
      await expect(repository.pin('nope')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    });
  });

  test('is not promoted, and a promoted copy keeps its own', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'bytes');
      const entry = await repository.pin(NAME);
      const weekly = await repository.promote(entry, 'weekly');
      expect(weekly).not.toHaveProperty('pinned');
      await repository.pin(weekly.filename);
      await repository.unpin(NAME);
      expect(await repository.promote(entry, 'weekly')).toMatchObject({ pinned: true });
    });
  });

  test('of what is brought back is there whenever a kill cuts it short', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const place = join(repository.stateDir, 'trash', NAME);
      await repository.remove(await addBackup(repository, NIGHT, 'bytes'), { trash: true });
      const manifest = await readFile(join(repository.backupDir, 'manifest.json'));
      await cp(place, join(repository.backupDir, 'kept'), { recursive: true });
      await repository.undelete(NAME);
      // as a kill right after the archive's move leaves it: the sidecars not moved, the manifest not written
      await writeFile(join(repository.backupDir, 'manifest.json'), manifest);
      await cp(join(repository.backupDir, 'kept', 'entry.json'), join(place, 'entry.json'));
      for (const suffix of ['.sha256', '.idx', '.json'])
        await rename(join(repository.backupDir, 'daily', NAME + suffix), join(place, NAME + suffix));
      await repository.sweep();
      expect(await repository.catalogue()).toMatchObject([{ filename: NAME, pinned: true }]);
    });
  });
});

describe('promotion', () => {
  test('is a hard link with sidecars of its own, and doing it twice is doing it once', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const entry = await addBackup(repository, NIGHT, 'bytes');
      const weekly = await repository.promote(entry, 'weekly');
      expect(await repository.promote(entry, 'weekly')).toEqual(weekly);
      expect(weekly).toMatchObject({ tier: 'weekly', filename: NAME.replace('daily', 'weekly') });
      expect((await stat(repository.pathOf(weekly))).ino).toBe((await stat(repository.pathOf(entry))).ino);
      execFileSync('sha256sum', ['-c', `${weekly.filename}.sha256`], {
        cwd: dirname(repository.pathOf(weekly)),
      });
      expect((await repository.known()).diskBytes(await repository.catalogue())).toBe(5);
      expect(await readdir(join(repository.backupDir, 'weekly'))).toHaveLength(4);
    });
  });

  test('gives way to a different backup that has the name already', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'other', { tier: 'weekly' });
      const promoted = await repository.promote(await addBackup(repository, NIGHT, 'bytes'), 'weekly');
      expect(promoted.filename).toBe('gofr-plot_weekly_20251213_020000_2.tar.gz');
    });
  });

  test('that must copy does not copy what changed since it was verified', async () => {
    await using repository = await scratchRepository(clock);
    const [from, to] = ['a', 'b'].map((name) => join(repository.backupDir, name)) as [string, string];
    await writeFile(from, 'bytes');
    const sha256 = '277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9';
    await copyHashed(from, to, sha256);
    expect(await readFile(to, 'utf8')).toBe('bytes');
    await writeFile(from, 'other');
    await expect(copyHashed(from, `${to}2`, sha256)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  });
});

describe('removal', () => {
  test('takes sidecars and entry along, and may be repeated', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const entry = await addBackup(repository, NIGHT, 'bytes');
      await addBackup(repository, NIGHT + 1000, 'others');
      await repository.remove(entry);
      await repository.remove(entry);
    });
    expect(Object.keys((await manifestOf(repository)).backups)).toHaveLength(1);
    expect(await readdir(join(repository.backupDir, 'daily'))).toHaveLength(4);
  });

  test('leaves a directory that stands in place of a sidecar, and so does a sweep', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const entry = await addBackup(repository, NIGHT, 'bytes');
      const place = `${repository.pathOf(entry)}.idx`;
      await rm(place);
      await mkdir(join(place, 'inside'), { recursive: true });
      await repository.remove(entry);
      await repository.sweep();
      expect(await repository.catalogue()).toEqual([]);
      expect(await readdir(join(repository.backupDir, 'daily'))).toEqual([`${entry.filename}.idx`]);
    });
  });

  test('into the trash is undone by undelete, exactly, but for its pin', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const { filename } = await addBackup(repository, NIGHT, 'bytes');
      const entry = await repository.update(filename, { status: 'good', verified: true });
      const before = await readTree(join(repository.backupDir, 'daily'));
      await repository.remove(entry, { trash: true });
      expect(await repository.catalogue()).toEqual([]);
      expect(await repository.trashed()).toMatchObject([{ filename, tier: 'daily', size_bytes: 5 }]);
      const back = { ...entry, pinned: true };
      expect(await repository.undelete(filename)).toEqual(back);
      expect(await repository.catalogue()).toEqual([back]);
      expect(await repository.unpin(filename)).toEqual(entry);
      const after = await readTree(join(repository.backupDir, 'daily'));
      expect(Object.keys(after)).toEqual(Object.keys(before));
      expect(after[filename]).toEqual(before[filename]);
      expect(await repository.trashed()).toEqual([]);
      await expect(repository.undelete(filename)).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    });
  });

  test('into the trash stays there when its name is taken meanwhile', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const entry = await addBackup(repository, NIGHT, 'bytes');
      await repository.remove(entry, { trash: true });
      await writeFile(repository.pathOf(entry), 'put there by hand');
      await expect(repository.undelete(entry.filename)).rejects.toMatchObject({ code: 'FAILED' });
      expect(await readFile(repository.pathOf(entry), 'utf8')).toBe('put there by hand');
      expect(await repository.trashed()).toMatchObject([{ size_bytes: 5 }]);
    });
  });

  test('from the trash comes after its days, and its name is not given again before', async () => {
    const later = fakeClock(NIGHT);
    await using repository = await scratchRepository(later);
    await locked(repository, later, async () => {
      await repository.remove(await addBackup(repository, NIGHT, 'bytes'), { trash: true });
      const next = await repository.reserve({ tier: 'daily', at: NIGHT, compression: 'zstd' });
      expect(next.filename).toContain('020000_2.');
      later.advance(2 * 86_400_000 - 1);
      expect(await repository.emptyTrash(2)).toEqual([]);
      later.advance(1);
      expect(await repository.emptyTrash(2)).toEqual([NAME]);
      expect(await repository.trashed()).toEqual([]);
    });
  });
});

describe('a sweep after a kill', () => {
  test('does not take half a checksum for one', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const entry = await addBackup(repository, NIGHT, 'bytes');
      await rm(repository.checksumPathOf(entry));
      await writeFile(join(repository.backupDir, 'daily', `.tmp-0123456789ab-${NAME}.sha256`), 'abcd');
      await repository.sweep();
      expect(await readdir(join(repository.backupDir, 'daily'))).toEqual(
        ['', '.idx', '.json'].map((suffix) => NAME + suffix),
      );
    });
  });

  test('or a failure right after the archive got its name loses none of its sidecars', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const reservation = await repository.reserve({ tier: 'daily', at: NIGHT, compression: 'gzip' });
      const { archivePath, filename } = reservation;
      await writeFile(join(dirname(archivePath), filename), 'bytes');
      await writeFile(`${archivePath}.json`, '{}');
      await repository.discard(reservation);
      await repository.sweep();
      expect(await readdir(dirname(archivePath))).toEqual([filename, `${filename}.json`]);
    });
  });

  test('between the archive’s name and its sidecars’ finishes the commit', async () => {
    await using repository = await scratchRepository(clock);
    const daily = join(repository.backupDir, 'daily');
    const entry = await locked(repository, clock, () =>
      addBackup(repository, NIGHT, 'bytes', { status: 'incomplete' }),
    );
    for (const suffix of ['.sha256', '.idx', '.json'])
      await rename(join(daily, NAME + suffix), join(daily, `.tmp-0123456789ab-${NAME}${suffix}`));
    await rm(join(repository.backupDir, 'manifest.json'));
    expect(await locked(repository, clock, () => repository.sweep())).toEqual([]);
    expect((await readdir(daily)).sort()).toEqual(
      ['', '.idx', '.json', '.sha256'].map((suffix) => NAME + suffix),
    );
    expect((await manifestOf(repository)).backups[NAME]).toEqual(entry);
  });

  test('in the middle of writing removes what was written', async () => {
    await using repository = await scratchRepository(clock);
    const daily = join(repository.backupDir, 'daily');
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'bytes');
      const lost = await repository.reserve({ tier: 'daily', at: NIGHT, compression: 'gzip' });
      await writeFile(lost.archivePath, 'half');
      await writeFile(lost.indexPath, 'half');
      await writeFile(join(repository.backupDir, '.tmp-0123456789ab-manifest.json'), '{');
      await writeFile(join(repository.stateDir, '.tmp-0123456789ab-last-run.json'), '{');
      await rm(join(daily, NAME));
      expect((await repository.sweep()).map((path) => path.slice(repository.backupDir.length))).toHaveLength(
        7,
      );
    });
    expect(await readdir(daily)).toEqual([]);
    expect((await manifestOf(repository)).backups).toEqual({});
  });

  test.each(['to', 'from'])(
    'in the middle of a move %s the trash lets the sidecars follow',
    async (direction) => {
      await using repository = await scratchRepository(clock);
      const daily = join(repository.backupDir, 'daily');
      await locked(repository, clock, async () => {
        const entry = await addBackup(repository, NIGHT, 'bytes');
        await repository.remove(entry, { trash: true });
        const place = join(repository.stateDir, 'trash', NAME);
        const moved = direction === 'to' ? `${NAME}.idx` : NAME;
        await rename(join(place, moved), join(daily, moved));
        await repository.sweep();
        expect(await readdir(daily)).toHaveLength(direction === 'to' ? 0 : 4);
        expect(await repository.trashed()).toHaveLength(direction === 'to' ? 1 : 0);
        if (direction === 'to') expect(await repository.undelete(NAME)).toEqual({ ...entry, pinned: true });
        expect(await readdir(daily)).toHaveLength(4);
      });
    },
  );

  test.each(['there', 'gone', 'a circle'])(
    'keeps the sidecars of an archive that was moved and linked to, its target %s',
    async (target) => {
      await using repository = await scratchRepository(clock);
      const daily = join(repository.backupDir, 'daily');
      const elsewhere = join(repository.backupDir, 'elsewhere');
      await locked(repository, clock, async () => {
        const path = repository.pathOf(await addBackup(repository, NIGHT, 'bytes'));
        await rename(path, elsewhere);
        await symlink(target === 'a circle' ? path : elsewhere, path);
        if (target === 'gone') await rm(elsewhere);
        expect(await repository.sweep()).toEqual([]);
      });
      expect(await readdir(daily)).toEqual(['', '.idx', '.json', '.sha256'].map((suffix) => NAME + suffix));
    },
  );

  test('keeps hard links that are whole backups', async () => {
    await using repository = await scratchRepository(clock);
    await locked(repository, clock, async () => {
      const entry = await addBackup(repository, NIGHT, 'bytes');
      await link(repository.pathOf(entry), join(repository.backupDir, 'daily', NAME.replace('0200', '0300')));
      await repository.sweep();
      expect(await repository.catalogue()).toHaveLength(2);
    });
  });
});

test.skipIf(process.getuid?.() === 0)(
  'what another user closed keeps nobody from listing and backing up',
  async () => {
    await using repository = await scratchRepository(clock);
    const [manifest, trash] = [
      join(repository.backupDir, 'manifest.json'),
      join(repository.stateDir, 'trash'),
    ];
    await locked(repository, clock, async () => {
      await addBackup(repository, NIGHT, 'bytes');
      await repository.remove(await addBackup(repository, NIGHT + 1000, 'others'), { trash: true });
    });
    for (const path of [manifest, trash]) await chmod(path, 0);
    expect(await repository.catalogue()).toHaveLength(1);
    await locked(repository, clock, () => addBackup(repository, NIGHT + 2000, 'third'));
    expect(Object.keys((await manifestOf(repository)).backups)).toHaveLength(2);
    expect((await readdir(repository.backupDir)).filter((name) => name.includes('.damaged-'))).toHaveLength(
      1,
    );
    await chmod(trash, 0o700);
  },
);
