import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '@gofr-backup/model';
import { fakeClock, readTree } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import type { RepositoryOptions } from '../options.ts';
import { openRepository } from '../repository.ts';
import type { Repository } from '../repository.ts';
import { addBackup, locked, scratchRepository } from '../testing.ts';

const NIGHT = Date.parse('2025-12-13T02:00:00Z');
const DAY = 86_400_000;

/** The same directory as another project sees it. */
const seenBy = (
  { backupDir }: Repository,
  clock: RepositoryOptions['clock'],
  { prefix, project = prefix.replace('gofr-', '') }: { prefix: string; project?: string },
): Promise<Repository> =>
  openRepository({ backupDir, project, prefix, timezone: 'UTC', clock, logger: silentLogger });

const namesOf = async (repository: Repository) =>
  (await repository.catalogue()).map(({ filename }) => filename);
const layDown = async (repository: Repository, ...names: string[]) => {
  await mkdir(join(repository.backupDir, 'daily'), { recursive: true });
  for (const name of names) await writeFile(join(repository.backupDir, 'daily', name), name);
};
const manifestIn = async ({ backupDir }: Repository) =>
  JSON.parse(await readFile(join(backupDir, 'manifest.json'), 'utf8'));

describe('two projects in one directory', () => {
  test('each sees its own, is told of the other’s, and leaves their records as they are', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    const dig = await seenBy(plot, clock, { prefix: 'gofr-dig' });
    const ours = await locked(plot, clock, () => addBackup(plot, NIGHT, 'plot'));
    await locked(plot, clock, () => plot.update(ours.filename, { status: 'good', verified: true }));
    const { backups, signatures } = await manifestIn(plot);
    const theirs = await locked(dig, clock, () => addBackup(dig, NIGHT, 'dig'));
    await locked(dig, clock, () => dig.rebuild());

    expect(await namesOf(dig)).toEqual([theirs.filename]);
    expect(await dig.known()).toMatchObject({
      foreign: [{ prefix: 'gofr-plot', backups: 1 }],
      writer: 'dig',
    });
    expect(await namesOf(plot)).toEqual([ours.filename]);
    expect((await plot.catalogue())[0]).toMatchObject({ status: 'good', verified: true });
    expect(await dig.find('latest')).toMatchObject({ filename: theirs.filename });
    await expect(dig.find(ours.filename)).rejects.toMatchObject({
      code: 'NO_SUCH_BACKUP',
      hint: expect.stringContaining('PREFIX=gofr-plot'),
    });
    const { backups: after, signatures: signed } = await manifestIn(dig);
    expect(after[ours.filename]).toEqual(backups[ours.filename]);
    expect(signed).toMatchObject({ ...signatures, 'gofr-dig': { key: signatures['gofr-plot'].key } });
  });

  test('neither sweeps nor empties what is the other’s', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    const dig = await seenBy(plot, clock, { prefix: 'gofr-dig' });
    const trashed = await locked(plot, clock, async () => {
      await addBackup(plot, NIGHT, 'plot');
      const entry = await addBackup(plot, NIGHT + 1000, 'pruned');
      await plot.remove(entry, { trash: true });
      return entry.filename;
    });
    await layDown(
      plot,
      '.tmp-0123456789ab-gofr-plot_daily_20251201_020000.tar.gz',
      '.tmp-0123456789ab-gofr-plot_daily_20251201_020000.tar.gz.idx',
      '.tmp-0123456789ab-rebuilt-gofr-plot_daily_20251201_020000.tar.gz.idx',
      'gofr-plot_daily_20251202_020000.tar.gz.sha256',
    );
    await mkdir(join(plot.stateDir, 'trash', 'gofr-plot_daily_20251203_020000.tar.gz'));
    const [before, trash] = [
      await readTree(join(plot.backupDir, 'daily')),
      await readTree(join(plot.stateDir, 'trash')),
    ];
    clock.advance(9 * DAY);
    await locked(dig, clock, async () => {
      expect(await dig.sweep()).toEqual([]);
      expect(await dig.emptyTrash(1)).toEqual([]);
      expect(await dig.trashed()).toEqual([]);
      await expect(dig.undelete(trashed)).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    });
    expect(await readTree(join(plot.backupDir, 'daily'))).toEqual(before);
    expect(await readTree(join(plot.stateDir, 'trash'))).toEqual(trash);
    await locked(plot, clock, async () => {
      expect(await plot.sweep()).toHaveLength(4);
      expect(await plot.emptyTrash(1)).toEqual([trashed]);
    });
  });

  test('a record of theirs that we cannot read is no damage', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    const theirs = { 'gofr-dig_daily_20251213_020000.tar.gz': 'of a shape yet to come' };
    await writeFile(join(plot.backupDir, 'manifest.json'), JSON.stringify({ version: 1, backups: theirs }));
    await locked(plot, clock, () => addBackup(plot, NIGHT, 'plot'));
    expect((await manifestIn(plot)).backups).toMatchObject(theirs);
  });
});

describe('a prefix that has changed', () => {
  test('makes the former ones foreign, kept with what is known of them, and ours when it is set back', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock, { prefix: 'charts' });
    await locked(plot, clock, async () => {
      const { filename } = await addBackup(plot, NIGHT, 'old');
      await plot.update(filename, { status: 'good', verified: true });
    });
    const renamed = await seenBy(plot, clock, { prefix: 'maps', project: 'plot' });
    await locked(renamed, clock, () => addBackup(renamed, NIGHT + 1000, 'new'));
    expect((await renamed.known()).foreign).toEqual([{ prefix: 'charts', backups: 1 }]);
    expect(await renamed.catalogue()).toHaveLength(1);
    expect(await plot.catalogue()).toMatchObject([{ status: 'good', verified: true }]);
  });

  test('from the default leaves the default’s alone: they may be of another service of the default project', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    await locked(plot, clock, () => addBackup(plot, NIGHT, 'old'));
    const renamed = await seenBy(plot, clock, { prefix: 'charts', project: 'plot' });
    expect(await renamed.catalogue()).toEqual([]);
    expect((await renamed.known()).foreign).toEqual([{ prefix: 'gofr-plot', backups: 1 }]);
  });

  test('from the first generation’s adopts what bears its project', async () => {
    await using plot = await scratchRepository(fakeClock(NIGHT), { prefix: 'charts', project: 'plot' });
    await layDown(plot, 'gofr-plot_daily_20251201_020000.tar.gz');
    expect(await namesOf(plot)).toHaveLength(1);
  });
});

describe('what the first generation wrote as `gofr_`', () => {
  const OLD = 'gofr_daily_20251201_020000.tar.gz';

  test('is adopted by a project that is alone', async () => {
    await using plot = await scratchRepository(fakeClock(NIGHT));
    await layDown(plot, OLD, 'gofr-plot_daily_20251202_020000.tar.gz');
    expect(await namesOf(plot)).toEqual(['gofr-plot_daily_20251202_020000.tar.gz', OLD]);
  });

  test('is adopted by a project whose PREFIX begins like it', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock, { prefix: 'gofr_plot' });
    await layDown(plot, OLD);
    await locked(plot, clock, () => addBackup(plot, NIGHT, 'plot'));
    expect(await namesOf(plot)).toHaveLength(2);
  });

  test('is nobody’s where two write, whoever came first', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    const dig = await seenBy(plot, clock, { prefix: 'gofr-dig' });
    await layDown(plot, OLD, `${OLD}.sha256`);
    await locked(plot, clock, () => addBackup(plot, NIGHT, 'plot'));
    expect(await namesOf(plot)).toContain(OLD);
    await locked(dig, clock, () => addBackup(dig, NIGHT, 'dig'));
    for (const repository of [plot, dig]) {
      expect(await namesOf(repository)).not.toContain(OLD);
      expect((await repository.known()).foreign).toContainEqual({ prefix: 'gofr', backups: 1 });
      await locked(repository, clock, () => repository.sweep());
    }
    expect(await readFile(join(plot.backupDir, 'daily', OLD), 'utf8')).toBe(OLD);
  });

  test('is a project’s whose PREFIX it is, not another’s', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    const dig = await seenBy(plot, clock, { prefix: 'gofr', project: 'dig' });
    await locked(dig, clock, () => addBackup(dig, NIGHT, 'made now'));
    await layDown(plot, OLD);
    expect(await namesOf(dig)).toHaveLength(2);
    expect((await plot.known()).foreign).toEqual([{ prefix: 'gofr', backups: 2 }]);
    expect(await plot.catalogue()).toEqual([]);
    await rm(join(plot.backupDir, 'manifest.json'));
    expect(await plot.catalogue()).toEqual([]);
    await expect(plot.find('latest')).rejects.toMatchObject({
      hint: expect.stringContaining('PREFIX=gofr '),
    });
  });

  test('stays adopted when it is pinned, promoted or verified', async () => {
    const clock = fakeClock(NIGHT);
    await using plot = await scratchRepository(clock);
    await layDown(plot, OLD);
    await locked(plot, clock, async () => {
      await plot.promote(await plot.pin(OLD), 'weekly');
      await plot.sweep();
    });
    expect(await namesOf(plot)).toContain(OLD);
  });
});
