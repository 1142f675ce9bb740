import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeClock, readTree } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { addBackup } from '../repository/testing.ts';
import { underLock } from './context.ts';
import { markRun } from './last-run.ts';
import { list, show } from './list.ts';
import { prune, trashed, undelete, unpin } from './prune.ts';
import { scene } from './testing.ts';
import type { Scene } from './testing.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2025-12-13T03:00:00Z');

/** Good daily backups of these ages. */
const withHistory = (on: Scene, ages: number[], files = 100) =>
  underLock(on.ctx, 'test', async (repository) => {
    for (const age of ages) {
      const facts = { status: 'good', files, source_bytes: files * 10 } as const;
      await addBackup(repository, NOW - age * DAY, `backup of age ${age}`, facts);
    }
  });
const ages = async (on: Scene) =>
  (await list(on.ctx)).backups.map(({ created_at }) =>
    Math.round((NOW - Date.parse(created_at ?? '')) / DAY),
  );
const pruned = { dryRun: false } as const;

test('a dry run says what would go, takes no lock and changes nothing', async () => {
  await using on = await scene(fakeClock(NOW));
  await withHistory(on, [0, 1, 2, 31]);
  const before = await readTree(on.backups);
  const outcome = await prune(on.ctx, { dryRun: true });
  expect(outcome).toMatchObject({ dry_run: true, now: '2025-12-13T03:00:00.000Z' });
  expect(outcome.decisions.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep', 'remove']);
  expect(await readTree(on.backups)).toEqual(before);
});

test('pruning removes exactly what was decided, with sidecars and entries', async () => {
  await using on = await scene(fakeClock(NOW));
  await withHistory(on, [0, 1, 2, 30, 31, 90]);
  const { decisions, held } = await prune(on.ctx, pruned);
  expect(held).toBeUndefined();
  expect(decisions.filter(({ action }) => action === 'remove')).toHaveLength(2);
  expect(await ages(on)).toEqual([0, 1, 2, 30]);
  expect(await readdir(join(on.backups, 'daily'))).toHaveLength(4 * 4);
});

describe('is held', () => {
  test.each([
    ['after a failed run', { state: 'failed', code: 'PERMISSION', message: 'no right' }, 'no right'],
    ['after a run that was killed', { state: 'running' }, 'did not end'],
  ] as const)('%s', async (_when, run, told) => {
    await using on = await scene(fakeClock(NOW));
    await withHistory(on, [0, 1, 2, 31]);
    const place = { stateDir: join(on.backups, '.gofr-backup'), prefix: 'gofr-plot' };
    await markRun(place, on.ctx, run);
    expect((await prune(on.ctx, pruned)).held).toContain(told);
    expect(await ages(on)).toEqual([0, 1, 2, 31]);
    await markRun(place, on.ctx, { state: 'done' });
    await prune(on.ctx, pruned);
    expect(await ages(on)).toEqual([0, 1, 2]);
  });

  test('when the newest backup is much smaller than usual, until forced', async () => {
    await using on = await scene(fakeClock(NOW));
    await withHistory(on, [31, 4, 3, 2, 1]);
    await withHistory(on, [0], 40);
    expect((await prune(on.ctx, pruned)).held).toMatch(/40 files|400 bytes/);
    expect(await ages(on)).toHaveLength(6);
    expect((await prune(on.ctx, { dryRun: false, force: true })).held).toBeUndefined();
    expect(await ages(on)).toEqual([0, 1, 2, 3, 4]);
  });

  test('but not called so when nothing was to go', async () => {
    await using on = await scene(fakeClock(NOW));
    await withHistory(on, [1, 2, 3]);
    await withHistory(on, [0], 1);
    expect((await prune(on.ctx, pruned)).held).toBeUndefined();
  });
});

test('with TRASH_DAYS what was pruned can be had back until they are over', async () => {
  const clock = fakeClock(NOW);
  await using on = await scene(clock, { trashDays: 2 });
  await withHistory(on, [0, 1, 2, 40, 50]);
  await prune(on.ctx, pruned);
  expect(await ages(on)).toEqual([0, 1, 2]);
  const names = await readdir(join(on.backups, '.gofr-backup', 'trash'));
  expect(names).toHaveLength(2);
  expect(await undelete(on.ctx, names[0] ?? '')).toMatchObject({
    ...{ filename: names[0], status: 'good', pinned: true },
  });
  expect(await ages(on)).toEqual([0, 1, 2, 50]);
  expect((await trashed(on.ctx)).map(({ filename }) => filename)).toEqual([names[1]]);
  clock.advance(3 * DAY);
  const { decisions } = await prune(on.ctx, pruned);
  expect(decisions.find(({ filename }) => filename === names[0])).toMatchObject({ reasons: ['pinned'] });
  expect(await ages(on)).toEqual([0, 1, 2, 50]);
  expect(await readdir(join(on.backups, '.gofr-backup', 'trash'))).toEqual([]);
  await expect(undelete(on.ctx, names[1] ?? '')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
  await unpin(on.ctx, names[0] ?? '');
  await prune(on.ctx, pruned);
  expect(await ages(on)).toEqual([0, 1, 2]);
});

test('the trash gives way, the oldest first, where the next backup would have no room', async () => {
  const clock = fakeClock(NOW);
  await using on = await scene(clock, { trashDays: 9 });
  await withHistory(on, [0, 1, 2, 40, 50]);
  await prune(on.ctx, pruned);
  expect(await trashed(on.ctx)).toHaveLength(2);
  await prune(on.with({ trashDays: 9, minFree: 2 ** 60 }), pruned);
  expect(await trashed(on.ctx)).toEqual([]);
  expect(await ages(on)).toEqual([0, 1, 2]);
});

describe('two projects in one directory', () => {
  const dig = (on: Scene) => on.with({ project: 'dig', prefix: 'gofr-dig' });

  test('prune their own, and a run of one that failed holds nothing of the other', async () => {
    await using on = await scene(fakeClock(NOW));
    const other = { ...on, ctx: dig(on) };
    await withHistory(on, [0, 1, 2, 31]);
    await withHistory(other, [0, 100, 200, 300]);
    const place = { stateDir: join(on.backups, '.gofr-backup'), prefix: 'gofr-dig' };
    await markRun(place, other.ctx, { state: 'failed', code: 'IO', message: 'no disk' });
    await prune(on.ctx, pruned);
    expect(await ages(on)).toEqual([0, 1, 2]);
    expect(await ages(other)).toEqual([0, 100, 200, 300]);
    expect((await list(on.ctx)).foreign).toEqual([{ prefix: 'gofr-dig', backups: 4 }]);
    await markRun({ ...place, prefix: 'gofr-plot' }, on.ctx, { state: 'done' });
    expect((await prune(other.ctx, pruned)).held).toContain('no disk');
  });

  test('the run recorded before each had its own counts for both until they have run', async () => {
    await using on = await scene(fakeClock(NOW));
    await withHistory(on, [0, 1, 2, 31]);
    const stateDir = join(on.backups, '.gofr-backup');
    const failed = JSON.stringify({ state: 'failed', message: 'no right', at: '2025-12-13T00:00:00.000Z' });
    await writeFile(join(stateDir, 'last-run.json'), failed);
    expect((await prune(on.ctx, pruned)).held).toContain('no right');
    await markRun({ stateDir, prefix: 'gofr-plot' }, on.ctx, { state: 'done' });
    await prune(on.ctx, pruned);
    expect(await ages(on)).toEqual([0, 1, 2]);
  });
});

test('a clock that was wrong for a day: its backup is told of, counts for nothing and stays', async () => {
  const clock = fakeClock(NOW);
  await using on = await scene(clock);
  await withHistory(on, [-300, 1, 2, 3, 31]);
  const { future, summary } = await list(on.ctx);
  expect(future).toEqual([expect.stringContaining('_20261009_')]);
  expect(summary.newest).toBe('2025-12-12T03:00:00');
  await prune(on.ctx, pruned);
  expect(await ages(on)).toEqual([-300, 1, 2, 3]);
  expect(await show(on.ctx, 'latest')).toMatchObject({ created_at: '2025-12-12T03:00:00.000Z' });
});
