/** Whatever lies in Redis, the pages come. */
import fc from 'fast-check';
import { connect, enqueue, KEY_PREFIX, openQueue, queueName } from '@gofr-backup/queue';
import { privateRedis, temporaryDirectory, tries, waitFor } from '@gofr-backup/testing';
import { leaveGarbage, redisGarbage } from '@gofr-backup/testing/redis-garbage';
import { expect, test } from 'vitest';
import { backupAt, visit } from '../visitor.fixture.ts';

const PAGES = ['', 'jobs', 'jobs/sound', 'backups', 'prune', 'settings', 'metrics', 'healthz', 'queues/'];
const BOARD = ['active', 'waiting', 'delayed', 'prioritized', 'completed', 'failed', 'latest'];

test('no page, no metric and no answer of bull-board fails because of a record in Redis', async () => {
  await using redis = await privateRedis();
  await using dir = await temporaryDirectory();
  const connection = await connect(redis.url, { mode: 'service' });
  const queue = openQueue('plot', connection);
  const env = { BACKUP_REDIS_URL: redis.url, BACKUP_DASHBOARD_QUEUES_WRITABLE: 'true' };
  await using visitor = await visit(dir.path, env, [backupAt('2025-12-13T02:00:00Z')]);
  await waitFor(async () =>
    (await visitor.text('metrics')).includes('gofr_backup_queue_up{project="plot"} 1'),
  );
  await fc.assert(
    fc.asyncProperty(redisGarbage, async (writes) => {
      await connection.client.flushall();
      const { id } = await enqueue(queue, 'verify', { names: ['sound'] });
      await leaveGarbage(connection.client, `${KEY_PREFIX}:${queueName('plot')}:`, writes);
      for (const page of [...PAGES, `jobs/${id}`]) {
        const answer = await visitor.ask(page);
        expect([page, answer.status < 500, (await answer.text()).length > 0]).toEqual([page, true, true]);
      }
      for (const state of BOARD) {
        const path = `queues/api/queues?activeQueue=${queueName('plot')}&status=${state}&page=1&jobsPerPage=20`;
        const answer = await visitor.ask(path);
        expect([state, answer.status, await answer.text()]).toEqual([
          state,
          200,
          expect.stringContaining('queues'),
        ]);
      }
      expect(await visitor.text('metrics')).toContain('gofr_backup_queue_up{project="plot"} 1');
    }),
    { numRuns: tries(15, 150) },
  );
  await queue.close();
  connection.close();
});
