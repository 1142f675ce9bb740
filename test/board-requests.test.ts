/** What bull-board, or whoever else writes to Redis, can do with jobs, on a real worker: nothing that overwrites or deletes. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, openQueue } from '@gofr-backup/queue';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { Sandbox } from './command-line.ts';

const NAME = 'gofr-plot-backup';
const REFUSED = /not asked for with the key|carried out before/;

test('a restore that is added, retried, duplicated or changed without the key is refused', async () => {
  await using redis = await privateRedis();
  await using sandbox = await Sandbox.create({
    env: {
      ...{ BACKUP_REDIS_URL: redis.url, BACKUP_CLEANUP_ON_START: 'false', BACKUP_RESTORE_ROOTS: '/' },
      ...{ BACKUP_DASHBOARD_PORT: '0', BACKUP_DASHBOARD_QUEUES_WRITABLE: 'true', BACKUP_LOG_FORMAT: 'json' },
    },
  });
  const services = [sandbox.start(['worker']), sandbox.start(['dashboard'])];
  const connection = await connect(redis.url, { mode: 'service' });
  const { bull: queue, close } = openQueue('plot', connection);
  try {
    const url = await waitFor(() => /"url":"([^"]+)"/.exec(services[1]?.said.stdout ?? '')?.[1], {
      timeout: 40_000,
    });
    const board = async (method: string, path: string, body?: object): Promise<number> => {
      const headers = {
        'content-type': 'application/json',
        'x-requested-with': 'board',
        origin: new URL(url).origin,
      };
      const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
      const answer = await fetch(new URL(`queues/api/queues/${NAME}/${path}`, url), init);
      return answer.status;
    };
    // The page has no door for it; in Redis it can be put all the same.
    const add = async (body: { name: string; data: unknown; options: object }): Promise<void> => {
      expect(await board('POST', 'add', body)).toBe(405);
      await queue.add(body.name, body.data, body.options);
    };
    await sandbox.json(['now']);
    const tokens = join(sandbox.data, 'auth', 'tokens.json');
    const asked = await sandbox.json(['restore', '--latest', '--yes', '--no-safety-backup']);
    expect(asked).toMatchObject({ safety_backup: null });
    const jobs = async () => (await queue.getJobs()).filter(({ name }) => name === 'restore');
    const [signed] = await jobs();
    await rm(tokens);

    const added = { name: 'restore', data: { backup: 'latest', to: join(sandbox.path, 'out') }, options: {} };
    await add(added);
    await add({ ...added, data: signed?.data });
    await add({
      ...added,
      data: { ...signed?.data, to: '/etc' },
      options: { jobId: 'chosen' },
    });
    await add({
      ...added,
      data: signed?.data,
      options: { delay: 3_600_000, jobId: 'later' },
    });
    expect(await board('PUT', 'later/promote')).toBeLessThan(300);
    const failed = () => queue.getFailed();
    await waitFor(async () => (await failed()).length === 4, { timeout: 40_000 });
    for (const { id = '' } of await failed()) expect(await board('PUT', `${id}/retry`)).toBeLessThan(300);
    await waitFor(
      async () => (await queue.getJobCounts('wait', 'active'))['wait'] === 0 && (await failed()).length === 4,
    );
    // the signed one, put there again with its own id
    await signed?.remove();
    await add({ ...added, data: signed?.data, options: { jobId: signed?.id } });
    await waitFor(async () => (await failed()).length === 5, { timeout: 40_000 });
    for (const { failedReason } of await failed()) expect(failedReason).toMatch(REFUSED);

    expect(await readdir(sandbox.path)).not.toContain('out');
    await expect(readFile(tokens)).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    await close();
    connection.close();
    for (const { child, ended } of services) {
      child.kill('SIGTERM');
      await ended;
    }
  }
}, 120_000);
