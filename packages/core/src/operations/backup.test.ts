import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf, type ProgressEvent, type Trigger } from '@gofr-backup/model';
import { fakeClock, makeTree, readTree } from '@gofr-backup/testing';
import { describe, expect, test } from 'vitest';
import { archiveStep } from './archive-step.ts';
import { backup, promoteStep, verifyStep } from './backup.ts';
import { markRun, readLastRun } from './last-run.ts';
import { list } from './list.ts';
import { underLock } from './context.ts';
import { addBackup } from '../repository/testing.ts';
import { scene } from './testing.ts';

const NIGHT = '2025-12-13T02:00:00Z';
const NAME = 'gofr-plot_daily_20251213_020000.tar.gz';
const SERVICE = {
  storage: { 'chart.svg': '<svg/>', 'metadata.json': '{}' },
  auth: { 'tokens.json': 'secret' },
};
const manual = { trigger: 'manual' } as const;

const namesIn = async (directory: string) =>
  (await readdir(directory, { recursive: true })).filter((name) => !name.includes('.gofr-backup')).sort();
const stateOf = (backups: string) =>
  readLastRun({ stateDir: join(backups, '.gofr-backup'), prefix: 'gofr-plot' });

test('a backup is a plain tar, verified, in all its tiers, and recorded', async () => {
  await using on = await scene(fakeClock(NIGHT));
  await makeTree(on.data, SERVICE);
  const { backup: made, promoted, pruned } = await backup(on.ctx, { trigger: 'schedule' });
  expect(made).toMatchObject({
    filename: NAME,
    tier: 'daily',
    status: 'good',
    verified: true,
    trigger: 'schedule',
    components: ['storage', 'auth'],
    files: 3,
    warnings: [],
    created_at: '2025-12-13T02:00:00.000Z',
  });
  expect(promoted.map(({ tier }) => tier)).toEqual(['weekly', 'monthly']);
  expect(pruned?.decisions.every(({ action }) => action === 'keep')).toBe(true);
  const listed = await list(on.ctx);
  expect(listed.summary).toMatchObject({
    total: 3,
    size_bytes: 3 * made.size_bytes,
    disk_bytes: made.size_bytes,
  });
  const unpacked = join(on.data, '..', 'unpacked');
  await mkdir(unpacked);
  execFileSync('tar', ['xzf', join(on.backups, 'daily', NAME), '-C', unpacked]);
  expect(await readTree(join(unpacked, 'data'))).toEqual(await readTree(on.data));
  expect(await stateOf(on.backups)).toMatchObject({ state: 'done' });
});

test('the second backup of unchanged data reuses the first', async () => {
  const clock = fakeClock(NIGHT);
  await using on = await scene(clock);
  await makeTree(on.data, { storage: { big: Buffer.alloc(3_000_000, 'abc') }, auth: {} });
  const first = await backup(on.ctx, manual);
  clock.advance(3_600_000);
  const second = await backup(on.ctx, manual);
  expect(second.backup).toMatchObject({ status: 'good', files: 1, sha256: first.backup.sha256 });
  expect(second.backup.reused_bytes).toBeGreaterThan(0);
  expect(second.promoted).toEqual([]);
});

test('a first backup is counted beside, and told of its total before it ends', async () => {
  await using on = await scene(fakeClock(NIGHT));
  const small = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`chart ${n}`, `${n}`]));
  await makeTree(on.data, { storage: { big: Buffer.alloc(9_000_000, 'abc'), small }, auth: {} });
  const events: ProgressEvent[] = [];
  const progress = (event: ProgressEvent) => void events.push(event);
  // as slow as it takes for some events after the count
  await archiveStep({ ...on.with({ readRate: 20_000_000 }), progress }, manual);
  const archiving = events.filter(({ phase }) => phase === 'archive');
  const whole = archiving.at(-1)?.bytes ?? 0;
  const told = archiving.filter(({ estimatedBytes }) => estimatedBytes !== undefined);
  expect(told[0]?.bytes).toBeLessThan(whole / 2);
  expect(told[0]?.estimatedBytes).toBeGreaterThan(whole * 0.95);
  expect(told[0]?.estimatedBytes).toBeLessThan(whole * 1.05);
});

test('the backup before tells about how much there will be', async () => {
  const clock = fakeClock(NIGHT);
  await using on = await scene(clock);
  const small = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`chart ${n}`, `${n}`]));
  await makeTree(on.data, { storage: { big: Buffer.alloc(9_000_000, 'abc'), small }, auth: {} });
  const events: ProgressEvent[] = [];
  const ctx = { ...on.ctx, progress: (event: ProgressEvent) => void events.push(event) };
  const archiving = () => events.splice(0).filter(({ phase }) => phase === 'archive');
  await archiveStep(ctx, manual);
  const first = archiving();
  clock.advance(1000);
  await archiveStep(ctx, manual);
  const second = archiving();
  const whole = first.at(-1)?.bytes ?? 0;
  expect(second[0]?.estimatedBytes).toBeGreaterThan(whole * 0.95);
  expect(second[0]?.estimatedBytes).toBeLessThan(whole * 1.05);

  await makeTree(join(on.data, 'storage'), { more: Buffer.alloc(9_000_000, 'def') });
  clock.advance(1000);
  await archiveStep(ctx, manual);
  for (const { bytes, estimatedBytes = Infinity } of archiving())
    expect(bytes).toBeLessThanOrEqual(estimatedBytes);
});

describe('the steps, each run twice,', () => {
  test('make one backup for one run', async () => {
    const clock = fakeClock(NIGHT);
    await using on = await scene(clock);
    await makeTree(on.data, SERVICE);
    const request = { trigger: 'schedule', run: 'job-1' } as const;
    const entry = await archiveStep(on.ctx, request);
    clock.advance(5000);
    expect(await archiveStep(on.ctx, request)).toEqual(entry);
    const verified = await verifyStep(on.ctx, entry.filename);
    expect(await verifyStep(on.ctx, entry.filename)).toEqual(verified);
    expect(await promoteStep(on.ctx, entry.filename)).toHaveLength(2);
    expect(await promoteStep(on.ctx, entry.filename)).toEqual([]);
    expect((await list(on.ctx)).summary.total).toBe(3);
    expect((await archiveStep(on.ctx, { ...request, run: 'job-2' })).filename).not.toBe(entry.filename);
  });

  test('go on from a commit whose record was lost', async () => {
    await using on = await scene(fakeClock(NIGHT));
    await makeTree(on.data, SERVICE);
    const request = { trigger: 'schedule', run: 'job-1' } as const;
    const entry = await archiveStep(on.ctx, request);
    await rm(join(on.backups, 'manifest.json'));
    expect(await archiveStep(on.ctx, request)).toEqual(entry);
  });
});

test('a tier asked for is made directly, and promoted into the other', async () => {
  await using on = await scene(fakeClock(NIGHT));
  await makeTree(on.data, SERVICE);
  const { backup: made, promoted } = await backup(on.ctx, { trigger: 'manual', tier: 'weekly' });
  expect(made.filename).toBe(NAME.replace('daily', 'weekly'));
  expect(promoted.map(({ tier }) => tier)).toEqual(['monthly']);
});

test('a safety backup is neither promoted nor followed by pruning', async () => {
  await using on = await scene(fakeClock(NIGHT));
  await makeTree(on.data, SERVICE);
  const outcome = await backup(on.ctx, { trigger: 'pre-restore' });
  expect(outcome).toMatchObject({ promoted: [], backup: { status: 'good', trigger: 'pre-restore' } });
  expect(outcome.pruned).toBeUndefined();
});

describe('sources', () => {
  test('that are partly missing are a warning', async () => {
    await using on = await scene(fakeClock(NIGHT));
    await makeTree(on.data, { storage: { a: 'a' } });
    const { backup: made } = await backup(on.ctx, manual);
    expect(made).toMatchObject({ status: 'good', components: ['storage'] });
    expect(made.warnings).toMatchObject([{ code: 'missing-component' }]);
  });

  test('whose names are no UTF-8 are not told as missing', async () => {
    await using on = await scene(fakeClock(NIGHT));
    await makeTree(on.data, { storage: { a: 'a' }, auth: {} });
    const directory = `${on.data}/auth/\xff`;
    await mkdir(bytesOf(directory));
    await writeFile(bytesOf(`${directory}/\xe9`), 'x');
    const { backup: made } = await backup(on.ctx, manual);
    expect(made).toMatchObject({ warnings: [], files: 2, components: ['storage', 'auth'] });
  });

  test('that all are missing fail the run', async () => {
    await using on = await scene(fakeClock(NIGHT));
    await expect(backup(on.ctx, manual)).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP', exit: 4 });
    expect(await namesIn(on.backups)).toEqual([]);
  });

  test('without a file are no backup, the first time and later', async () => {
    const clock = fakeClock(NIGHT);
    await using on = await scene(clock);
    await makeTree(on.data, { storage: { deep: {} }, auth: {} });
    await expect(backup(on.ctx, manual)).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP', exit: 4 });
    expect(await namesIn(on.backups)).toEqual([]);
    await writeFile(join(on.data, 'storage', 'deep', 'a'), 'a');
    clock.advance(1000);
    await backup(on.ctx, manual);
    await rm(join(on.data, 'storage', 'deep', 'a'));
    clock.advance(1000);
    const before = await namesIn(on.backups);
    await expect(backup(on.ctx, manual)).rejects.toMatchObject({
      code: 'NOTHING_TO_BACK_UP',
      why: expect.stringContaining('1 file'),
    });
    expect(await namesIn(on.backups)).toEqual(before);
    expect(await stateOf(on.backups)).toMatchObject({ state: 'failed', code: 'NOTHING_TO_BACK_UP' });
  });

  test('all of whose files are excluded are noticed after the walk', async () => {
    const clock = fakeClock(NIGHT);
    await using on = await scene(clock);
    await makeTree(on.data, SERVICE);
    await backup(on.ctx, manual);
    clock.advance(1000);
    const before = await namesIn(on.backups);
    const excluding = on.with({ exclude: ['**'] });
    await expect(backup(excluding, manual)).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP' });
    expect(await namesIn(on.backups)).toEqual(before);
  });

  test.skipIf(process.getuid?.() === 0)(
    'that may not be read leave an incomplete backup and a name (not as root)',
    async () => {
      await using on = await scene(fakeClock(NIGHT));
      await makeTree(on.data, SERVICE);
      await chmod(join(on.data, 'auth', 'tokens.json'), 0);
      const failure = expect.stringContaining(
        `data/auth/tokens.json (may not be read; it belongs to uid ${process.getuid?.()})`,
      );
      await expect(backup(on.ctx, manual)).rejects.toMatchObject({
        code: 'PERMISSION',
        exit: 77,
        why: failure,
      });
      expect((await list(on.ctx)).backups).toMatchObject([
        { status: 'incomplete', verified: false, files: 2 },
      ]);
      await rm(join(on.backups, 'manifest.json'));
      expect((await list(on.ctx)).backups).toMatchObject([{ status: 'incomplete' }]);
    },
  );
});

describe('commands', () => {
  test('run around the archive; a failing one before it fails the run, the one after it always runs', async () => {
    await using on = await scene(fakeClock(NIGHT));
    await makeTree(on.data, SERVICE);
    const dump = `echo dumped > '${on.data}/storage/dump'`;
    const note = `echo after >> '${on.data}/after'`;
    const { backup: made } = await backup(on.with({ preCommand: dump, postCommand: note }), manual);
    expect(made.files).toBe(4);
    const failing = on.with({ preCommand: 'echo no room >&2; exit 3', postCommand: note });
    await expect(backup(failing, manual)).rejects.toMatchObject({
      code: 'FAILED',
      why: expect.stringContaining('status 3'),
    });
    expect(await readFile(join(on.data, 'after'), 'utf8')).toBe('after\nafter\n');
    expect((await list(on.ctx, { tier: 'daily' })).backups).toHaveLength(1);
  });
});

describe('room', () => {
  test('that is too little is known before anything is written', async () => {
    await using on = await scene(fakeClock(NIGHT), { minFree: 2 ** 60 });
    await makeTree(on.data, SERVICE);
    await expect(backup(on.ctx, manual)).rejects.toMatchObject({ code: 'DISK_FULL', exit: 74 });
    expect(await namesIn(on.backups)).toEqual([]);
  });

  test('is made by pruning what the policy lets go anyway; not for a restore, not after another failure', async () => {
    const clock = fakeClock(NIGHT);
    await using on = await scene(clock);
    await makeTree(on.data, SERVICE);
    await underLock(on.ctx, 'test', async (repository) => {
      for (let age = 100; age < 105; age++)
        await addBackup(repository, clock.now() - age * 86_400_000, `${age}`, { status: 'good', files: 3 });
    });
    const narrow = on.with({ minFree: 2 ** 60 });
    const leaves = async (trigger: Trigger, count: number) => {
      await expect(backup(narrow, { trigger })).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect((await list(on.ctx)).backups).toHaveLength(count);
    };
    await leaves('pre-restore', 5);
    await underLock(on.ctx, 'test', (repository) =>
      markRun(repository, on.ctx, { state: 'failed', code: 'PERMISSION' }),
    );
    await leaves('manual', 5);
    await leaves('manual', 3);
    expect(await stateOf(on.backups)).toMatchObject({ state: 'failed' });
    await expect(backup(narrow, manual)).rejects.toMatchObject({ code: 'DISK_FULL' });
  });
});

test('a cancelled backup leaves nothing', async () => {
  await using on = await scene(fakeClock(NIGHT));
  await makeTree(on.data, SERVICE);
  const cancelled = { ...on.ctx, signal: AbortSignal.abort() };
  await expect(backup(cancelled, manual)).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await namesIn(on.backups)).toEqual([]);
});

test('a database that is written to is archived as a consistent copy, without its -wal', async () => {
  await using on = await scene(fakeClock(NIGHT));
  await makeTree(on.data, { storage: {}, auth: {} });
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(join(on.data, 'storage', 'app.db'));
  database.exec('PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)');
  const { backup: made } = await backup(on.ctx, manual);
  database.close();
  expect(made.status).toBe('good');
  const tar = ['tf', join(on.backups, 'daily', made.filename)];
  const names = execFileSync('tar', tar, { encoding: 'utf8' }).split('\n');
  expect(names.filter((name) => name.includes('app.db'))).toEqual(['data/storage/app.db']);
  expect((await stat(join(on.backups, '.gofr-backup', 'scratch'))).isDirectory()).toBe(true);
  expect(await readdir(join(on.backups, '.gofr-backup', 'scratch'))).toEqual([]);
});
