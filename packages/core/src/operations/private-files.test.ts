/** What a backup holds is its owner's alone, whatever the umask. */
import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeClock, makeTree } from '@gofr-backup/testing';
import { afterEach, expect, test } from 'vitest';
import { backup } from './backup.ts';
import { underLock } from './context.ts';
import { drill } from './drill.ts';
import { pin, prune, undelete } from './prune.ts';
import { rebuild } from './rebuild.ts';
import { restore } from './restore.ts';
import { scene } from './testing.ts';
import { verify } from './verify/index.ts';

const DAY = 86_400_000;
const umask = process.umask();
afterEach(() => void process.umask(umask));

/** `mode path` of all that lies in the backup directory. */
async function modesIn(root: string): Promise<[path: string, mode: number, directory: boolean][]> {
  const names = await readdir(root, { recursive: true });
  const stats = await Promise.all(names.map((name) => lstat(join(root, name))));
  return names.map((name, place) => [name, stats[place]!.mode & 0o7777, stats[place]!.isDirectory()]);
}

test.each([0o000, 0o022, 0o077])('every file of every operation, under umask %o', async (mask) => {
  const clock = fakeClock('2025-12-01T02:00:00Z');
  await using on = await scene(clock, { trashDays: 9, linkUnchanged: true });
  await makeTree(on.data, { storage: { a: 'a'.repeat(100_000), b: 'b' }, auth: { c: 'c' } });
  process.umask(mask);
  const first = await backup(on.ctx, { trigger: 'schedule' });
  clock.advance(DAY);
  const linked = await backup(on.ctx, { trigger: 'schedule' });
  await makeTree(on.data, { storage: { later: 'x' } });
  clock.advance(DAY);
  await backup(on.ctx, { trigger: 'schedule' });
  await pin(on.ctx, linked.backup.filename);
  await drill(on.ctx, { backup: 'latest' });
  await restore(on.ctx, { backup: first.backup.filename });
  clock.advance(60 * DAY);
  await backup(on.ctx, { trigger: 'schedule' });
  const retention = { ...on.ctx.plan.retention, keepLast: 1 };
  const { decisions } = await prune(on.with({ retention }), { dryRun: false });
  const [gone] = decisions.filter(({ action }) => action === 'remove');
  await undelete(on.ctx, gone!.filename);
  await prune(on.with({ retention }), { dryRun: false });
  await verify(on.ctx, { which: 'all' });
  await rebuild(on.ctx);

  const modes = await modesIn(on.backups);
  const inState = (path: string) => path.startsWith('.gofr-backup/');
  const files = modes.filter(([, , directory]) => !directory);
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter(([path, mode]) => !inState(path) && mode !== 0o600)).toEqual([]);
  expect(files.filter(([path, mode]) => path.includes('trash/') && mode !== 0o600)).toEqual([]);
  expect(modes.filter(([, mode]) => (mode & 0o022) !== 0)).toEqual([]);
  expect(modes.find(([path]) => path === '.gofr-backup')?.[1]).toBe(0o700);
});

test('another name for an archive of the version before, which every user could read, closes it', async () => {
  const clock = fakeClock('2025-12-01T02:00:00Z');
  await using on = await scene(clock);
  await makeTree(on.data, { storage: { a: 'a'.repeat(100_000) }, auth: { c: 'c' } });
  const { backup: made } = await backup(on.ctx, { trigger: 'schedule' });
  const path = join(on.backups, 'daily', made.filename);
  for (const suffix of ['', '.idx']) await chmod(path + suffix, 0o644);
  await rm(join(on.backups, 'weekly'), { recursive: true });
  const weekly = await underLock(on.ctx, 'test', (repository) => repository.promote(made, 'weekly'));
  const copy = await lstat(join(on.backups, 'weekly', weekly.filename));
  expect(copy.ino).toBe((await lstat(path)).ino);
  expect(copy.mode & 0o777).toBe(0o600);
});

test('a directory that was adopted keeps its modes', async () => {
  const clock = fakeClock('2025-12-01T02:00:00Z');
  await using on = await scene(clock);
  await makeTree(on.data, { storage: { a: 'a' }, auth: { c: 'c' } });
  await mkdir(join(on.backups, 'daily'), { recursive: true });
  await chmod(join(on.backups, 'daily'), 0o2775);
  await backup(on.ctx, { trigger: 'schedule' });
  expect((await lstat(join(on.backups, 'daily'))).mode & 0o7777).toBe(0o2775);
});
