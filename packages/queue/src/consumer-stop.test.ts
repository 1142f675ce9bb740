/** Cancelled, stopped, cut off: how a job ends otherwise than by itself. */
import { waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { cancel } from './cancel.ts';
import { connect } from './connection.ts';
import { startConsumer } from './consumer.ts';
import { enqueue } from './enqueue.ts';
import { follow } from './follow.ts';
import { findJob, queueStatus } from './history.ts';
import { idle } from './processors.fixture.ts';
import { openQueue } from './queue.ts';
import { done, untilAborted, useQueue } from './queue.fixture.ts';

const on = useQueue();

test('cancelled from another process: the signal says so, the job ends as CANCELLED', async () => {
  on.consume({ drill: untilAborted });
  const job = await enqueue(on.queue, 'drill', {});
  await waitFor(() => on.isActive(job.id));
  const elsewhere = await connect(on.redis.url, { mode: 'command' });
  const other = openQueue(on.queue.project, elsewhere);
  expect(await cancel(other, job.id, 'by the operator')).toBe('asked');
  await expect(follow(job)).rejects.toMatchObject({
    code: 'CANCELLED',
    why: expect.stringContaining('by the operator') as string,
  });
  expect(await cancel(other, job.id)).toBe('finished');
  await other.close();
  elsewhere.close();
});

test('cancelled before it began: gone, and who follows it is told; unknown and scheduled ones are refused', async () => {
  const job = await enqueue(on.queue, 'drill', {});
  const following = follow(job);
  expect(await cancel(on.queue, job.id)).toBe('removed');
  await expect(following).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(cancel(on.queue, 'nothing')).rejects.toMatchObject({ code: 'NO_SUCH_JOB' });
  await on.queue.bull.upsertJobScheduler('drill', { pattern: '0 2 * * *' }, { name: 'drill', data: {} });
  const { next = 0 } = (await queueStatus(on.queue)).next.map(({ at }) => ({ next: at }))[0] ?? {};
  await expect(cancel(on.queue, `repeat:drill:${next}`)).rejects.toMatchObject({ code: 'USAGE' });
});

test('who stops following leaves the job alone', async () => {
  on.consume({ drill: untilAborted });
  const job = await enqueue(on.queue, 'drill', {});
  await expect(follow(job, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  await waitFor(() => on.isActive(job.id));
});

test('a stopping worker gives its job back at its place, with no attempt lost', async () => {
  const first = on.consume({ drill: untilAborted });
  const job = await enqueue(on.queue, 'drill', {});
  await waitFor(() => on.isActive(job.id));
  await enqueue(on.queue, 'verify', {});
  expect(await queueStatus(on.queue)).toMatchObject({ workers: 1, counts: { active: 1, waiting: 1 } });
  await first.stop(400);
  expect((await queueStatus(on.queue)).workers).toBe(0);
  expect(await findJob(on.queue, job.id)).toMatchObject({ state: 'waiting' });
  expect(on.ended).toEqual([]);
  const order: string[] = [];
  on.consume({
    async drill({ attempt }) {
      order.push(`drill ${attempt}`);
      return done;
    },
    async verify() {
      order.push('verify');
      return { results: [] };
    },
  });
  await waitFor(() => order.length === 2);
  expect(order).toEqual(['drill 1', 'verify']);
});

test('a job that ends by itself within the grace period is not disturbed', async () => {
  let finish: (() => void) | undefined;
  const consumer = on.consume({ drill: () => new Promise((resolve) => (finish = () => resolve(done))) });
  const job = await enqueue(on.queue, 'drill', {});
  await waitFor(() => finish !== undefined);
  const stopping = consumer.stop(8000);
  finish?.();
  await stopping;
  expect(await findJob(on.queue, job.id)).toMatchObject({ state: 'completed' });
});

test('a processor deaf to its signal does not hold up the stop, and its job is given back', async () => {
  const consumer = on.consume({ drill: () => new Promise(() => {}) });
  const job = await enqueue(on.queue, 'drill', {});
  await waitFor(() => on.isActive(job.id));
  const begin = performance.now();
  await consumer.stop(800);
  expect(performance.now() - begin).toBeLessThan(3000);
  expect(await findJob(on.queue, job.id)).toMatchObject({ state: 'waiting' });
});

test('Redis is killed while a job runs and comes back: the job ends, the consumer goes on', async () => {
  const drills: string[] = [];
  on.consume({
    async drill({ payload }) {
      drills.push(payload.backup);
      if (drills.length > 1) return done;
      await on.redis.kill();
      await on.redis.start();
      return done;
    },
  });
  const job = await enqueue(on.queue, 'drill', { backup: 'first' });
  await waitFor(async () => (await findJob(on.queue, job.id))?.state === 'completed');
  await follow(await enqueue(on.queue, 'drill', { backup: 'second' }));
  expect(drills).toEqual(['first', 'second']);
});

test('a consumer that starts before Redis works, and hears of cancellation, once it is there', async () => {
  await on.redis.kill();
  const early = await connect(on.redis.url, { mode: 'service' });
  const consumer = startConsumer({
    project: on.queue.project,
    connection: early,
    processors: idle({ drill: untilAborted }),
  });
  await on.redis.start();
  const job = await enqueue(on.queue, 'drill', {});
  await waitFor(() => on.isActive(job.id));
  await waitFor(async () => (await cancel(on.queue, job.id)) === 'finished');
  await expect(follow(job)).rejects.toMatchObject({ code: 'CANCELLED' });
  await consumer.stop();
  early.close();
});

test('a lost queue lock aborts the run that lost it', async () => {
  let reason: unknown;
  on.consume(
    {
      drill: ({ signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            resolve(done);
          }),
        ),
    },
    1000,
  );
  const job = await enqueue(on.queue, 'drill', {});
  await waitFor(() => on.isActive(job.id));
  await on.connection.client.del(`${on.queue.bull.toKey(job.id)}:lock`);
  await waitFor(() => reason !== undefined);
  expect(reason).toMatchObject({
    code: 'CANCELLED',
    why: expect.stringContaining('taken for dead') as string,
  });
});
