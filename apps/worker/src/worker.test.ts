import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadSettings, planFrom } from '@gofr-backup/config';
import { readStateSecret, stateDirOf, withLock } from '@gofr-backup/core';
import { type Manifest, noProgress, silentLogger, systemClock } from '@gofr-backup/model';
import {
  type BackupQueue,
  connect,
  type Connection,
  enqueue,
  findJob,
  follow,
  jobLogs,
  KEY_BYTES,
  openQueue,
  readReport,
  writeReport,
} from '@gofr-backup/queue';
import {
  file,
  makeTree,
  privateRedis,
  readTree,
  temporaryDirectory,
  waitFor,
  watchLeaks,
  type PrivateRedis,
} from '@gofr-backup/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { start, type Service } from './start.ts';

let redis: PrivateRedis;
let count = 0;
beforeAll(async () => {
  redis = await privateRedis();
});
afterAll(() => redis.stop());

let dir: Awaited<ReturnType<typeof temporaryDirectory>>;
let env: Record<string, string>;
let connection: Connection;
let queue: BackupQueue;
let stops: (() => Promise<void>)[];
let noLeaks: () => Promise<void>;
beforeEach(async () => {
  noLeaks = watchLeaks();
  dir = await temporaryDirectory();
  const project = `w${count++}`;
  env = {
    GOFR_PROJECT: project,
    BACKUP_REDIS_URL: redis.url,
    BACKUP_DATA_DIR: join(dir.path, 'data'),
    BACKUP_LOGS_DIR: join(dir.path, 'logs'),
    BACKUP_BACKUP_DIR: join(dir.path, 'backups'),
    BACKUP_THREADS: '2',
  };
  await makeTree(dir.path, {
    data: {
      storage: { 'chart.png': file('PNG', { mode: 0o600, mtime: 1_700_000_000 }), 'metadata.json': '{}' },
      auth: { tokens: file('secret', { mode: 0o600 }) },
    },
    logs: { 'a.log': 'line\n' },
    backups: {},
  });
  connection = await connect(redis.url, { mode: 'service' });
  queue = openQueue(project, connection, { key: keyOfWorker });
  stops = [];
});
afterEach(async () => {
  for (const stop of stops) await stop();
  await queue.close();
  connection.close();
  await dir[Symbol.asyncDispose]();
  await noLeaks();
});

/** Made by the worker's start. */
const keyOfWorker = (stateDir = stateDirOf(join(dir.path, 'backups'))) =>
  readStateSecret(stateDir, 'requests', KEY_BYTES);

async function work(more: Record<string, string> = {}): Promise<Service> {
  const worker = await start(loadSettings({ ...env, ...more }), { logger: silentLogger, lockDuration: 1000 });
  stops.push(() => worker.stop());
  return worker;
}

/** A worker process that reads slowly enough to be caught at it. */
function slowWorker(): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.fixture.ts')], {
    env: { ...process.env, ...env, BACKUP_READ_RATE: '200KB' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  stops.push(async () => void child.kill('SIGKILL'));
  return child;
}

const inDaily = async (): Promise<string[]> => {
  const names = await readdir(join(dir.path, 'backups', 'daily')).catch(() => []);
  return names.filter((name) => !name.startsWith('.tmp-'));
};
const manifest = async (): Promise<Manifest> =>
  JSON.parse(await readFile(join(dir.path, 'backups', 'manifest.json'), 'utf8')) as Manifest;

test('one backup job: archived, verified, recorded, pruned, and a plain tar', async () => {
  await work();
  const job = await enqueue(queue, 'backup', {});
  const { backup, promoted, pruned } = await follow(job);
  expect(backup).toMatchObject({
    status: 'good',
    verified: true,
    tier: 'daily',
    trigger: 'manual',
    run: job.id,
  });
  expect(promoted).toEqual([]);
  expect(pruned, 'what was kept is no news').toMatchObject({ dry_run: false, decisions: [] });
  const archive = join(dir.path, 'backups', 'daily', backup.filename);
  const listing = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).split('\n');
  expect(listing).toEqual(
    expect.arrayContaining(['data/storage/chart.png', 'data/auth/tokens', 'logs/a.log']),
  );
  execFileSync('sha256sum', ['-c', `${backup.filename}.sha256`], {
    cwd: join(archive, '..'),
    stdio: 'ignore',
  });
  expect((await manifest()).backups[backup.filename]).toEqual(backup);
  expect((await jobLogs(queue, job.id)).join('\n')).toContain(backup.filename);
});

test('the other jobs: verify, drill, prune, restore', async () => {
  await work();
  const tree = () => readTree(join(dir.path, 'data'), { without: ['mtimeNs'] });
  const before = await tree();
  const { backup } = await follow(await enqueue(queue, 'backup', {}));
  const { filename } = backup;
  expect(await follow(await enqueue(queue, 'verify', { which: 'latest' }))).toEqual({
    results: [
      {
        filename,
        ok: true,
        problems: [],
        files: expect.any(Number) as number,
        bytes: expect.any(Number) as number,
        ms: expect.any(Number) as number,
      },
    ],
  });
  expect(await follow(await enqueue(queue, 'drill', {}))).toMatchObject({
    backup: filename,
    ok: true,
    problems: [],
  });
  expect(await follow(await enqueue(queue, 'prune', { dryRun: true }))).toMatchObject({ dry_run: true });
  await rm(join(dir.path, 'data', 'storage', 'chart.png'));
  expect(
    await follow(await enqueue(queue, 'restore', { backup: filename, safetyBackup: false })),
  ).toMatchObject({
    backup: filename,
    safety_backup: null,
  });
  expect(await tree()).toEqual(before);
});

test('a retry goes on at the failed step: no second archive', async () => {
  const worker = await work();
  const { backup } = await follow(await enqueue(queue, 'backup', {}));
  await worker.stop();
  const resume = { step: 'promote', filename: backup.filename } as const;
  const takenUp = await enqueue(queue, 'backup', { resume });
  await work({ BACKUP_ENABLE_WEEKLY: 'true' });
  const result = await follow(takenUp);
  expect(result.backup.filename).toBe(backup.filename);
  expect(result.promoted).toMatchObject([{ tier: 'weekly' }]);
  expect((await inDaily()).filter((name) => name.endsWith('.tar.gz'))).toEqual([backup.filename]);
});

test('a retry at pruning goes on without the copy that was removed in between', async () => {
  const worker = await work({ BACKUP_ENABLE_WEEKLY: 'true', BACKUP_ENABLE_MONTHLY: 'true' });
  const { backup, promoted } = await follow(await enqueue(queue, 'backup', {}));
  await worker.stop();
  const [gone, kept] = promoted;
  await rm(join(dir.path, 'backups', gone!.tier, gone!.filename));
  const resume = {
    step: 'prune' as const,
    filename: backup.filename,
    promoted: promoted.map(({ filename }) => filename),
  };
  const takenUp = await enqueue(queue, 'backup', { resume });
  await work();
  const result = await follow(takenUp);
  expect(result.promoted.map(({ filename }) => filename)).toEqual([kept?.filename]);
  expect(result.pruned).toMatchObject({ dry_run: false, decisions: [] });
});

test('somebody who can write to Redis restores nothing, nowhere', async () => {
  await work({ BACKUP_RESTORE_ROOTS: dir.path });
  const { backup } = await follow(await enqueue(queue, 'backup', {}));
  await rm(join(dir.path, 'data', 'auth', 'tokens'));
  const hostile = [
    { backup: backup.filename, safetyBackup: false },
    { backup: 'latest', to: join(dir.path, 'elsewhere') },
    { backup: 'latest', to: '/etc', merge: true },
    { backup: 'latest', only: ['auth'], merge: true, safetyBackup: false },
    { backup: 'latest', paths: ['data/auth/tokens'] },
    { backup: 'latest', dryRun: true },
  ];
  for (const [at, payload] of hostile.entries()) {
    await queue.bull.add('restore', payload, { jobId: `hostile-${at}` });
    const job = { id: `hostile-${at}`, name: 'restore' as const, queue, joined: false };
    await expect(follow(job)).rejects.toMatchObject({ code: 'PERMISSION', exit: 77 });
  }
  await queue.bull.add('prune', { force: true }, { jobId: 'hostile-prune' });
  const prune = { id: 'hostile-prune', name: 'prune' as const, queue, joined: false };
  await expect(follow(prune)).rejects.toMatchObject({ code: 'PERMISSION' });
  expect((await readdir(dir.path)).toSorted()).toEqual(['backups', 'data', 'logs']);
  expect(await readdir(join(dir.path, 'data', 'auth'))).toEqual([]);
});

test('a signed restore reaches components and RESTORE_ROOTS, and no directory besides', async () => {
  const restored = join(dir.path, 'restored');
  await work({ BACKUP_RESTORE_ROOTS: restored });
  await follow(await enqueue(queue, 'backup', {}));
  const ask = async (to: string) => follow(await enqueue(queue, 'restore', { backup: 'latest', to }));
  const refused = { code: 'PERMISSION', message: expect.stringContaining('may not go to') };
  for (const to of ['elsewhere', 'restoredx', 'restored/../elsewhere', 'data/storage/inside'])
    await expect(ask(`${dir.path}/${to}`), to).rejects.toMatchObject(refused);
  await expect(ask('elsewhere')).rejects.toMatchObject(refused);
  expect((await readdir(dir.path)).toSorted()).toEqual(['backups', 'data', 'logs']);
  expect(await ask(join(restored, 'here'))).toMatchObject({ files: expect.any(Number) });
  expect(await readdir(join(restored, 'here'))).toContain('data');
});

test('nothing to back up: not tried again, nothing pruned, and it says so', async () => {
  await rm(join(dir.path, 'data'), { recursive: true });
  await rm(join(dir.path, 'logs'), { recursive: true });
  await work();
  const job = await enqueue(queue, 'backup', {});
  await expect(follow(job)).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP', exit: 4 });
  expect(await findJob(queue, job.id)).toMatchObject({ attempt: 1, state: 'failed' });
  expect((await jobLogs(queue, job.id)).join('\n')).toContain('pruning is left out');
});

test.skipIf(process.getuid?.() === 0)('an unreadable file is exit 77, and not tried again', async () => {
  await makeTree(join(dir.path, 'data', 'storage'), { locked: file('x', { mode: 0 }) });
  await work();
  const job = await enqueue(queue, 'backup', {});
  await expect(follow(job)).rejects.toMatchObject({ code: 'PERMISSION', exit: 77 });
  expect(await findJob(queue, job.id)).toMatchObject({ attempt: 1 });
});

test('while somebody else holds the lock the job waits; then it runs', async () => {
  await work();
  const { plan } = { plan: planFrom(loadSettings(env)) };
  const ports = {
    clock: systemClock,
    logger: silentLogger,
    progress: noProgress,
    signal: new AbortController().signal,
  };
  const held = { owner: 'restore on the command line', operation: 'restore', ports };
  const job = await withLock(stateDirOf(plan.backupDir), held, async () => {
    const waiting = await enqueue(queue, 'backup', {});
    await waitFor(async () => (await jobLogs(queue, waiting.id)).some((line) => line.includes('busy')));
    return waiting;
  });
  expect((await follow(job)).backup.status).toBe('good');
});

test('kill -9 in the middle: nothing half-made has a final name, and the job is taken up and ends', async () => {
  await makeTree(join(dir.path, 'data', 'storage'), {
    big: new Uint8Array(3_000_000).map((_, at) => (at * at) % 251),
  });
  const worker = slowWorker();
  const job = await enqueue(queue, 'backup', {});
  await waitFor(async () => ((await findJob(queue, job.id))?.progress?.bytes ?? 0) > 0, { timeout: 40_000 });
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  expect(await inDaily()).toEqual([]);
  await work();
  const { backup } = await follow(job);
  expect(backup.status).toBe('good');
  expect(
    (await readdir(join(dir.path, 'backups', 'daily'))).filter((name) => name.startsWith('.tmp-')),
  ).toEqual([]);
  expect(Object.keys((await manifest()).backups)).toEqual([backup.filename]);
}, 90_000);

test('SIGTERM in the middle: ends with 0 in the grace period, gives the job back, leaves nothing half-made', async () => {
  await makeTree(join(dir.path, 'data', 'storage'), {
    big: new Uint8Array(6_000_000).map((_, at) => (at * at) % 251),
  });
  const worker = slowWorker();
  const job = await enqueue(queue, 'backup', {});
  await waitFor(async () => ((await findJob(queue, job.id))?.progress?.bytes ?? 0) > 0, { timeout: 40_000 });
  const begin = performance.now();
  worker.kill('SIGTERM');
  const [code] = (await once(worker, 'exit')) as [number];
  expect(code).toBe(0);
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(await findJob(queue, job.id)).toMatchObject({ state: 'waiting' });
  expect(await readdir(join(dir.path, 'backups', 'daily')).catch(() => [])).toEqual([]);
  await work();
  expect((await follow(job)).backup.status).toBe('good');
  expect((await queue.bull.getJob(job.id))?.attemptsMade).toBe(1);
}, 90_000);

test('its report tells of backups, drills and the disk', async () => {
  await work();
  await follow(await enqueue(queue, 'backup', {}));
  const { backup } = await follow(await enqueue(queue, 'drill', {}));
  const report = await waitFor(async () => {
    const known = await readReport(connection, queue.project);
    return known.last_drill && known;
  });
  expect(report).toMatchObject({ last_backup: { ok: true }, last_drill: { ok: true, backup }, corrupt: [] });
  expect(report.disk?.size).toBeGreaterThan(report.disk?.free ?? 0);
  expect(Date.parse(report.newest_good_at ?? '')).toBeGreaterThan(Date.now() - 60_000);
  const lost = `gofr-plot_daily_20200101_020000.tar.gz`;
  await writeReport(connection, queue.project, { corrupt: [lost, backup] });
  await rm(join(dir.path, 'data'), { recursive: true });
  await rm(join(dir.path, 'logs'), { recursive: true });
  await follow(await enqueue(queue, 'backup', {})).catch(() => {});
  await waitFor(async () => (await readReport(connection, queue.project)).last_backup?.ok === false);
  // only what is no more is gone; the other was found whole
  expect(await readReport(connection, queue.project)).toMatchObject({ corrupt: [], gone: [lost] });
});

const toNas = (): Record<string, string> => ({
  BACKUP_OFFSITE_URL: `file://${dir.path}/nas`,
  BACKUP_OFFSITE_SAME_DEVICE: 'true',
  BACKUP_OFFSITE_ENCRYPTION: 'none',
});

test('after a good backup every store gets its copy, and the report tells of it', async () => {
  await work(toNas());
  const { backup } = await follow(await enqueue(queue, 'backup', {}));
  const report = await waitFor(async () => {
    const known = await readReport(connection, queue.project);
    return known.stores?.[0]?.newest && known;
  });
  expect(report).toMatchObject({
    stores: [{ store: 'offsite', failure: null, copies: 1, newest: { filename: backup.filename } }],
  });
  const recipes = await readdir(join(dir.path, 'nas', queue.project, 'recipes/daily'));
  expect(recipes).toEqual([`${backup.filename}.recipe`]);
});

test('a copy waits in a queue of its own; in the queue of backups it is refused, and without a backup it is no failure', async () => {
  await work(toNas());
  const copies = openQueue(queue.project, connection, { kind: 'copies', key: keyOfWorker });
  try {
    const early = await enqueue(copies, 'copy', { store: 'offsite', ifAny: true });
    expect(await follow(early)).toEqual({ store: 'offsite', copies: [] });
    await expect(follow(await enqueue(copies, 'copy', { store: 'offsite' }))).rejects.toMatchObject({
      code: 'NO_SUCH_BACKUP',
    });
    await expect(follow(await enqueue(copies, 'copy', { store: 'other' }))).rejects.toMatchObject({
      code: 'CONFIG',
    });
    await expect(enqueue(queue, 'copy', { store: 'offsite' })).rejects.toThrow('does not wait in the queue');
    const { id = '' } = await queue.bull.add('copy', { store: 'offsite' }, { jobId: 'misplaced' });
    const failed = await waitFor(async () => (await findJob(queue, id))?.error);
    expect(failed).toMatchObject({ code: 'USAGE' });
  } finally {
    await copies.close();
  }
});

test('another project in the same directory is told of at the start', async () => {
  const daily = join(dir.path, 'backups', 'daily');
  await mkdir(daily, { recursive: true });
  await writeFile(join(daily, 'gofr-dig_daily_20251213_020000.tar.gz'), '');
  const told: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void told.push(fields) };
  await (await start(loadSettings(env), { logger })).stop();
  expect(told).toContainEqual(expect.objectContaining({ foreign: [{ prefix: 'gofr-dig', backups: 1 }] }));
});

test('a watching service hears when scheduled backups begin and how they end, and of no other', async () => {
  const heard: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    heard.push(request.url ?? '');
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const worker = await work({ BACKUP_HEARTBEAT_URL: `http://127.0.0.1:${port}/ping/x` });
  await follow(await enqueue(queue, 'backup', { trigger: 'schedule' }));
  await follow(await enqueue(queue, 'backup', {}));
  await rm(join(dir.path, 'data'), { recursive: true });
  await rm(join(dir.path, 'logs'), { recursive: true });
  await follow(await enqueue(queue, 'backup', { trigger: 'schedule' })).catch(() => {});
  await waitFor(() => heard.length === 4);
  expect(heard).toEqual(['/ping/x/start', '/ping/x', '/ping/x/start', '/ping/x/fail']);
  await worker.stop();
  server.closeAllConnections();
  server.close();
});

test('bad settings: every problem in lines for a person, exit 78, no stack', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, ...env, BACKUP_SCHEDULE: 'never ever', BACKUP_RETENTION_DAYS: '-1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(78);
  expect(errors).toContain('BACKUP_SCHEDULE');
  expect(errors).toContain('BACKUP_RETENTION_DAYS');
  expect(errors).not.toMatch(/^\s+at /m);
});

test('without REDIS_URL it brings its own, in the backup directory', async () => {
  const { BACKUP_REDIS_URL: _, ...without } = env;
  const worker = await start(loadSettings(without), { logger: silentLogger });
  const { url } = await import('@gofr-backup/queue').then(
    async ({ findEmbeddedRedis, embeddedRedisDir }) => ({
      url: await findEmbeddedRedis(embeddedRedisDir(stateDirOf(join(dir.path, 'backups')))),
    }),
  );
  const own = await connect(url ?? '', { mode: 'command' });
  const ownQueue = openQueue(queue.project, own);
  expect((await follow(await enqueue(ownQueue, 'backup', {}))).backup.status).toBe('good');
  await ownQueue.close();
  own.close();
  await worker.stop();
});
