import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSettings, planFrom } from '@gofr-backup/config';
import { noProgress, silentLogger, systemClock } from '@gofr-backup/model';
import { connect, pastJobs } from '@gofr-backup/queue';
import { makeTree, privateRedis, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { startLastResort } from './last-resort.ts';

test('while Redis is there nothing is made; when it was away for long, what is overdue is, once', async () => {
  await using redis = await privateRedis();
  await using dir = await temporaryDirectory();
  await makeTree(dir.path, { data: { storage: { a: 'a' }, auth: {} }, logs: {}, backups: {} });
  const places = { BACKUP_DATA_DIR: join(dir.path, 'data'), BACKUP_LOGS_DIR: join(dir.path, 'logs') };
  const settings = loadSettings({ ...places, BACKUP_DIR: join(dir.path, 'backups'), BACKUP_THREADS: '1' });
  const plan = planFrom(settings);
  const connection = await connect(redis.url, { mode: 'service' });
  await connection.client.ping();
  const { signal } = new AbortController();
  const ports = { clock: systemClock, logger: silentLogger, progress: noProgress, signal };
  const times = { every: 20, after: 300, again: 0 };
  const resort = startLastResort(settings, connection, { ...ports, plan, owner: 'worker' }, times);
  const made = async () =>
    (await readdir(join(plan.backupDir, 'daily')).catch(() => [])).filter((name) => name.endsWith('.tar.gz'));
  try {
    await sleep(600);
    expect(await made()).toEqual([]);
    await redis.kill();
    await waitFor(async () => (await pastJobs(plan)).length > 0);
    // the next looks find it fresh
    await sleep(300);
    expect(await made()).toHaveLength(1);
    expect(await pastJobs(plan)).toMatchObject([{ name: 'backup', state: 'completed', by: 'the worker' }]);
  } finally {
    await resort.stop();
    connection.close();
  }
});
