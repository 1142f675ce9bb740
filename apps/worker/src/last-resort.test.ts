import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSettings, planFrom } from '@gofr-backup/config';
import { withLock } from '@gofr-backup/core';
import { noProgress, silentLogger, systemClock } from '@gofr-backup/model';
import { connect, type Connection, type Ended } from '@gofr-backup/queue';
import { makeTree, type PrivateRedis, privateRedis, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { startLastResort } from './last-resort.ts';

interface World {
  redis: PrivateRedis;
  connection: Connection;
  backupDir: string;
  ended: Ended[];
  made(): Promise<string[]>;
  /** the next backup that begins is cut off by a stop */
  stopAtNext(): Promise<void>;
}

/** A worker's last resort, with data to back up and a Redis that answers. */
async function resorting(work: (world: World) => Promise<void>): Promise<void> {
  await using redis = await privateRedis();
  await using dir = await temporaryDirectory();
  await makeTree(dir.path, { data: { storage: { a: 'a' }, auth: {} }, logs: {}, backups: {} });
  const places = { BACKUP_DATA_DIR: join(dir.path, 'data'), BACKUP_LOGS_DIR: join(dir.path, 'logs') };
  const settings = loadSettings({ ...places, BACKUP_DIR: join(dir.path, 'backups'), BACKUP_THREADS: '1' });
  const plan = planFrom(settings);
  const connection = await connect(redis.url, { mode: 'service' });
  await connection.client.ping();
  const { promise: begun, resolve: begins } = Promise.withResolvers<void>();
  const stopped = new AbortController();
  const { signal } = stopped;
  const logger = { ...silentLogger, warn: () => begins() };
  const ports = { clock: systemClock, logger, progress: noProgress, signal };
  const ended: Ended[] = [];
  const resort = startLastResort({
    ...{ settings, connection, context: { ...ports, plan, owner: 'worker' } },
    ended: (job) => void ended.push(job),
    times: { every: 20, after: 300, again: 0 },
  });
  const made = async () =>
    (await readdir(join(plan.backupDir, 'daily')).catch(() => [])).filter((name) => name.endsWith('.tar.gz'));
  try {
    const stopAtNext = async (): Promise<void> => {
      await begun;
      stopped.abort();
      await resort.stop();
    };
    await work({ redis, connection, backupDir: plan.backupDir, ended, made, stopAtNext });
  } finally {
    await resort.stop();
    connection.close();
  }
}

test.for<[string, (world: World) => unknown]>([
  ['away', ({ redis }) => redis.kill()],
  ['silent, though connected', ({ redis }) => process.kill(redis.pid, 'SIGSTOP')],
  [
    'connected, and takes no writes',
    ({ connection }) => connection.client.call('REPLICAOF', '127.0.0.1', '1'),
  ],
])(
  'while Redis is there nothing is made; when it is %s for long, what is overdue is, once',
  async ([, fault]) => {
    await resorting(async (world) => {
      await sleep(600);
      expect(await world.made()).toEqual([]);
      await fault(world);
      await waitFor(() => world.ended.length > 0);
      // the next looks find it fresh
      await sleep(300);
      expect(await world.made()).toHaveLength(1);
      expect(world.ended).toMatchObject([
        { name: 'backup', ok: true, summary: { state: 'completed', by: 'the worker', scheduled: true } },
      ]);
    });
  },
);

test('while another operation holds the lock no backup failed; it is made afterwards', async () => {
  await resorting(async ({ redis, backupDir, ended, made }) => {
    await sleep(100);
    const ports = { clock: systemClock, logger: silentLogger };
    await withLock(backupDir, { owner: 'a person', operation: 'verify', ports }, async () => {
      await redis.kill();
      await sleep(1000);
    });
    await waitFor(() => ended.length > 0);
    expect(ended).toMatchObject([{ ok: true }]);
    expect(await made()).toHaveLength(1);
  });
});

test('a backup that a stop cuts off is not told as failed', async () => {
  await resorting(async ({ redis, ended, made, stopAtNext }) => {
    await redis.kill();
    await stopAtNext();
    expect([ended, await made()]).toEqual([[], []]);
  });
});
