/** The command line beside a running service, on a Redis of one's own and on the embedded one. */
import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect, openQueue } from '@gofr-backup/queue';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { Sandbox, type Running } from './command-line.ts';

interface Status {
  service: { running: boolean; workers: number };
  queue: { counts: Record<string, number>; jobs: { id: string; name: string; state: string }[] } | null;
  next_run: { at: number; pattern: string } | null;
  last_run: { id: string; state: string } | null;
}

const running = (sandbox: Sandbox, env = {}) =>
  waitFor(
    async () => {
      const status = await sandbox.json<Status>(['status'], env);
      return status.service.running && status.next_run ? status : undefined;
    },
    { timeout: 40_000, what: 'the service runs and has a schedule' },
  );

async function stopped(service: Running): Promise<void> {
  service.child.kill('SIGTERM');
  const { code, stderr, stdout } = await service.ended;
  expect(code, stdout + stderr).toBe(0);
}

test('serve without REDIS_URL: commands join it, follow its jobs and read its logs', async () => {
  await using sandbox = await Sandbox.create();
  const service = sandbox.start(['serve'], {
    BACKUP_SCHEDULE: '30 3 * * *',
    BACKUP_CLEANUP_ON_START: 'false',
  });
  try {
    expect(await running(sandbox)).toMatchObject({
      service: { workers: 1 },
      next_run: { pattern: '30 3 * * *' },
    });

    const queued = await sandbox.json<{ job_id: string; backup: null }>(['now', '--no-wait']);
    expect(queued.backup).toBeNull();
    await waitFor(async () => (await sandbox.json<Status>(['status'])).last_run?.state === 'completed');

    const followed = await sandbox.json<{ job_id: string; backup: { tier: string } }>(['now', 'weekly']);
    expect(followed.backup.tier).toBe('weekly');
    const { queue, last_run } = await sandbox.json<Status>(['status']);
    expect(last_run?.id).toBe(followed.job_id);
    expect(queue?.jobs.map(({ id }) => id)).toEqual(expect.arrayContaining([queued.job_id, followed.job_id]));
    expect((await sandbox.run(['logs', followed.job_id])).stdout).toMatch(/gofr-plot_weekly_/);
    expect((await sandbox.run(['logs', 'no-such-job'])).code).toBe(4);
    expect(service.said.stdout).toContain(followed.job_id);
  } finally {
    await stopped(service);
  }
  expect(await sandbox.json(['status'])).toMatchObject({ queue: null });
});

test("a Redis of one's own: the scheduler and the worker are two processes, and Ctrl-C cancels the job", async () => {
  await using redis = await privateRedis();
  await using sandbox = await Sandbox.create({
    env: { BACKUP_REDIS_URL: redis.url, BACKUP_READ_RATE: '1K', BACKUP_CLEANUP_ON_START: 'false' },
  });
  const services = [sandbox.start(['worker']), sandbox.start(['scheduler'])];
  try {
    await running(sandbox);
    await waitFor(() => /next run/.test(services[0]!.said.stdout));
    const command = sandbox.start(['now']);
    await waitFor(async () => ((await sandbox.json<Status>(['status'])).queue?.counts['active'] ?? 0) > 0);
    command.child.kill('SIGINT');
    const { code, stderr } = await command.ended;
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/gofr-backup: The backup was cancelled/);
    expect(await sandbox.json(['list'])).toMatchObject({ backups: [] });
    expect((await sandbox.json<Status>(['status'])).last_run?.state).toBe('failed');
  } finally {
    await Promise.all(services.map(stopped));
  }
});

test('restores beside a running service: signed through its queue, or by the command itself', async () => {
  await using redis = await privateRedis();
  await using sandbox = await Sandbox.create({
    env: { BACKUP_REDIS_URL: redis.url, BACKUP_CLEANUP_ON_START: 'false' },
  });
  const roots = { BACKUP_RESTORE_ROOTS: join(sandbox.path, 'roots') };
  const service = sandbox.start(['worker'], roots);
  const restores = async (): Promise<number> => {
    const { queue } = await sandbox.json<Status>(['status']);
    return queue?.jobs.filter(({ name }) => name === 'restore').length ?? 0;
  };
  try {
    await waitFor(async () => (await sandbox.json<Status>(['status'])).service.running, { timeout: 40_000 });
    await sandbox.json(['now']);
    expect(await sandbox.json(['restore', '--latest', '--yes'])).toMatchObject({ files: 5 });
    expect(await restores()).toBe(1);

    const inside = ['restore', '--latest', '--to', join(sandbox.path, 'roots', 'a')];
    expect(await sandbox.json(inside, roots)).toMatchObject({ files: 5 });
    expect(await restores()).toBe(2);

    const outside = await sandbox.run(['restore', '--latest', '--to', join(sandbox.path, 'out')], roots);
    expect(outside.code, outside.stderr).toBe(0);
    expect(outside.stderr).toContain('is not in RESTORE_ROOTS, so it is not reached through the queue');
    expect(await readdir(join(sandbox.path, 'out'))).toContain('data');
    expect(await restores()).toBe(2);

    await rm(join(sandbox.backups, '.gofr-backup', 'requests.key'));
    const keyless = await sandbox.run(['restore', '--latest', '--yes']);
    expect(keyless.code, keyless.stderr).toBe(0);
    expect(keyless.stderr).toContain('there is no key here to sign the request for the queue');
    const forced = await sandbox.run(['prune', '--force']);
    expect([forced.code, forced.stderr]).toEqual([77, expect.stringContaining('KEY_DIR')]);
    expect(await restores()).toBe(2);
  } finally {
    await stopped(service);
  }
});

test('recovery does not wait for a worker that is not there', async () => {
  await using redis = await privateRedis();
  await using sandbox = await Sandbox.create();
  const { backup } = await sandbox.json<{ backup: { filename: string } }>(['now']);
  const ran = await sandbox.run(['verify', backup.filename], { BACKUP_REDIS_URL: redis.url });
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stderr).toContain('no worker is connected to the queue; going on without it');
});

test('a paused queue is told by now and status; recovery goes on without it, and resume lets the job begin', async () => {
  await using redis = await privateRedis();
  await using sandbox = await Sandbox.create({
    env: { BACKUP_REDIS_URL: redis.url, BACKUP_CLEANUP_ON_START: 'false' },
  });
  await sandbox.json(['now'], { BACKUP_REDIS_URL: '' });
  const connection = await connect(redis.url, { mode: 'command' });
  await openQueue('plot', connection).bull.pause();
  const worker = sandbox.start(['worker']);
  try {
    await waitFor(async () => (await sandbox.json<Status>(['status'])).service.running, { timeout: 40_000 });
    const command = sandbox.start(['now']);
    await waitFor(() => command.said.stderr.includes('the queue is paused, so the job waits'));
    expect(command.said.stderr).toContain('gofr-backup resume');
    expect(await sandbox.json(['status'])).toMatchObject({
      queue: { counts: { waiting: 1, active: 0 }, paused: ['backup'] },
      safety: { problems: expect.arrayContaining([expect.objectContaining({ code: 'paused' })]) as unknown },
    });
    expect((await sandbox.run(['status'])).stdout).toMatch(/Queue .*paused: nothing begins/);
    expect((await sandbox.run(['doctor'])).stdout).toMatch(/redis .*is paused/);
    const verified = await sandbox.run(['verify', '--latest']);
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining('the queue is paused')]);

    expect(await sandbox.json(['resume'])).toEqual({ resumed: ['backup'] });
    const { code, stderr } = await command.ended;
    expect(code, stderr).toBe(0);
    expect(await sandbox.json(['resume'])).toEqual({ resumed: [] });
  } finally {
    connection.close();
    await stopped(worker);
  }
});

test('two commands at once, each with a Redis of its own, both end well', async () => {
  await using sandbox = await Sandbox.create();
  const made = await Promise.all([1, 2].map(() => sandbox.json<{ backup: { filename: string } }>(['now'])));
  const names = made.map(({ backup }) => backup.filename);
  expect(new Set(names).size).toBe(2);
  expect(await sandbox.json(['verify', '--all'])).toMatchObject({ results: [{ ok: true }, { ok: true }] });
});

test('a killed command leaves no Redis behind', async () => {
  await using sandbox = await Sandbox.create({ env: { BACKUP_READ_RATE: '1K' } });
  const killed = sandbox.start(['now']);
  const owner = join(sandbox.path, 'tmp', `gofr-backup-redis-${killed.child.pid}-`);
  const servers = () => redisServersIn(owner);
  try {
    await waitFor(async () => (await servers()).length > 0);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await waitFor(async () => (await servers()).length === 0, { timeout: 60_000 });
    expect(await servers()).toEqual([]);
  } finally {
    for (const pid of await servers()) process.kill(pid, 'SIGKILL');
  }
});

async function redisServersIn(directory: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args']);
  const lines = stdout
    .split('\n')
    .filter((line) => line.includes('redis-server') && line.includes(directory));
  return lines.map((line) => Number.parseInt(line, 10));
}
