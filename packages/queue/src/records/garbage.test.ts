import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tries, waitFor } from '@gofr-backup/testing';
import { leaveGarbage, redisGarbage } from '@gofr-backup/testing/redis-garbage';
import { enqueue } from '../enqueue.ts';
import { follow } from '../follow.ts';
import { findJob, jobLogs, listJobs, queueStatus } from '../history.ts';
import { openQueue } from '../queue.ts';
import { made, useQueue } from '../queue.fixture.ts';
import { readReport, writeReport } from '../report.ts';

const on = useQueue();

test('whatever lies in Redis, every question about the queue has an answer that can be printed', async () => {
  await fc.assert(
    fc.asyncProperty(redisGarbage, async (writes) => {
      await on.connection.client.flushall();
      await enqueue(on.queue, 'verify', { names: ['sound'] });
      await leaveGarbage(on.connection.client, on.queue.bull.toKey(''), writes);
      const reader = openQueue(on.queue.project, on.connection);
      const jobs = await listJobs(reader);
      const { next, counts, unusable } = await queueStatus(reader);
      for (const id of ['one', 'two', '__proto__', 'backup', '', ...jobs.map((job) => job.id)]) {
        JSON.stringify([await findJob(reader, id), await jobLogs(reader, id)]);
      }
      const report = await readReport(on.connection, reader.project);
      expect(JSON.stringify([jobs, next, counts, unusable, report]).length).toBeLessThan(20_000_000);
      for (const { created, started = 0, finished = 0, due = 0, name } of jobs) {
        for (const at of [created, started, finished, due]) new Date(at).toISOString();
        expect(name).toMatch(/^[\w.-]+$/);
      }
      for (const { at, timezone } of next) new Date(at).toLocaleString('en', { timeZone: timezone });
      await writeReport(on.connection, reader.project, { seen_at: 'now' });
      expect(await readReport(on.connection, reader.project)).toMatchObject({ seen_at: 'now' });
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      await reader.close();
    }),
    { numRuns: tries(60, 150) },
  );
});

test('a worker among garbage goes on: a backup that is asked for is made', async () => {
  await fc.assert(
    fc.asyncProperty(redisGarbage, async (writes) => {
      await on.connection.client.flushall();
      const consumer = on.consume({ backup: () => Promise.resolve(made) }, 1000);
      await leaveGarbage(on.connection.client, on.queue.bull.toKey(''), writes);
      const job = await waitFor(
        () => enqueue(on.queue, 'backup', { tier: 'monthly' }, { attempts: 2 }).catch(() => undefined),
        { timeout: 20_000, what: 'the queue takes a job' },
      );
      expect(await follow(job, { signal: AbortSignal.timeout(30_000) })).toEqual(made);
      await consumer.stop(400);
    }),
    { numRuns: tries(8, 20) },
  );
}, 600_000);
