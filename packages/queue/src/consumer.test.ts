import { BackupError, type ProgressEvent } from '@gofr-backup/core';
import { privateRedis, waitFor, watchLeaks, type PrivateRedis } from '@gofr-backup/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { cancel } from './cancel.ts';
import { connect, type Connection } from './connection.ts';
import { startConsumer, type Consumer, type Ended } from './consumer.ts';
import { enqueue } from './enqueue.ts';
import { follow } from './follow.ts';
import { findJob, jobLogs, listJobs, queueStatus } from './history.ts';
import type { Processor, Processors, Result } from './jobs/index.ts';
import { openQueue, type BackupQueue } from './queue.ts';
import { idle } from './processors.fixture.ts';

let redis: PrivateRedis;
let project = 0;
beforeAll(async () => {
  redis = await privateRedis();
});
afterAll(() => redis.stop());

let connection: Connection;
let queue: BackupQueue;
let consumers: Consumer[];
let ended: Ended[];
let noLeaks: () => Promise<void>;
beforeEach(async () => {
  noLeaks = watchLeaks();
  connection = await connect(redis.url, { mode: 'service' });
  queue = openQueue(`p${project++}`, connection);
  consumers = [];
  ended = [];
});
afterEach(async () => {
  await Promise.all(consumers.map((one) => one.stop(400)));
  await queue.close();
  connection.close();
  await noLeaks();
});

function consume(processors: Partial<Processors>, lockDuration?: number): Consumer {
  const consumer = startConsumer({
    project: queue.project,
    connection,
    processors: idle(processors),
    ended: (job) => ended.push(job),
    ...(lockDuration ? { lockDuration } : {}),
  });
  consumers.push(consumer);
  return consumer;
}

const made: Result<'backup'> = {
  backup: {
    filename: 'a.tar',
    filepath: '/a.tar',
    tier: 'daily',
    timestamp: '',
    size_bytes: 1,
    verified: true,
    status: 'good',
  },
  promoted: [],
};
const done: Result<'drill'> = { backup: 'a', ok: true, files: 1, problems: [] };
const untilAborted: Processor<'drill'> = ({ signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
const isActive = async (id: string): Promise<boolean> => (await findJob(queue, id))?.state === 'active';

test('a job is followed to its typed result, with progress and log', async () => {
  consume({
    async backup({ payload, progress, logger, attempt, jobId }) {
      expect(payload).toEqual({ tier: 'weekly', trigger: 'manual' });
      expect(attempt).toBe(1);
      logger.info({ backup: jobId }, 'archive made');
      progress({ phase: 'archive', bytes: 5, files: 1, totalBytes: 5 });
      return made;
    },
  });
  const lines: string[] = [];
  const events: ProgressEvent[] = [];
  const job = await enqueue(queue, 'backup', { tier: 'weekly' });
  const result = await follow(job, {
    onLog: (line) => lines.push(line),
    onProgress: (event) => events.push(event),
  });
  expect(result).toEqual(made);
  expect(events).toContainEqual({ phase: 'archive', bytes: 5, files: 1, totalBytes: 5 });
  expect(lines).toEqual([expect.stringContaining(`info archive made backup=${job.id}`)]);
  expect(await jobLogs(queue, job.id)).toEqual(lines);
  expect(ended).toMatchObject([{ id: job.id, name: 'backup', ok: true, result: made }]);
  expect(await listJobs(queue)).toMatchObject([
    { id: job.id, state: 'completed', scheduled: false, result: made },
  ]);
});

test('an error keeps its code, texts, details and exit code on the way; what cannot help is not repeated', async () => {
  let tries = 0;
  const error = new BackupError('PERMISSION', 'Two files may not be read', {
    why: 'they belong to uid 33',
    hint: 'Run as 33.',
    details: { files: ['a', 'b'] },
  });
  consume({
    backup() {
      tries++;
      throw error;
    },
  });
  const caught: unknown = await follow(await enqueue(queue, 'backup', {})).catch((thrown: unknown) => thrown);
  expect(caught).toBeInstanceOf(BackupError);
  const { code, message, why, hint, details, exit } = caught as BackupError;
  expect({ code, message, why, hint, details, exit }).toEqual({
    code: 'PERMISSION',
    message: error.message,
    why: error.why,
    hint: error.hint,
    details: error.details,
    exit: 77,
  });
  expect(tries).toBe(1);
  expect(ended).toMatchObject([{ ok: false, error: { code: 'PERMISSION' } }]);
});

test.for(['CONFIG', 'NOTHING_TO_BACK_UP', 'ARCHIVE_DAMAGED', 'CANCELLED'] as const)(
  'never again: %s',
  async (code) => {
    let tries = 0;
    consume({
      backup() {
        tries++;
        throw new BackupError(code, 'no');
      },
    });
    await expect(follow(await enqueue(queue, 'backup', {}, { backoff: 1 }))).rejects.toMatchObject({ code });
    expect(tries).toBe(1);
  },
);

test('three attempts, then the last error', async () => {
  const attempts: number[] = [];
  consume({
    backup({ attempt }) {
      attempts.push(attempt);
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  });
  const job = await enqueue(queue, 'backup', {}, { backoff: 5 });
  await expect(follow(job)).rejects.toMatchObject({ code: 'DISK_FULL', exit: 74, why: 'no space' });
  expect(attempts).toEqual([1, 2, 3]);
  expect(ended).toHaveLength(1);
});

test('a retry goes on at the step that was saved', async () => {
  const began: unknown[] = [];
  consume({
    async backup({ payload, save }) {
      began.push(payload.resume);
      if (payload.resume) return made;
      await save({ ...payload, resume: { step: 'verify', filename: 'a.tar' } });
      throw new Error('worker had a bad day');
    },
  });
  await follow(await enqueue(queue, 'backup', {}, { backoff: 1 }));
  expect(began).toEqual([undefined, { step: 'verify', filename: 'a.tar' }]);
});

test('a bad payload is refused where it is asked for, and where it is worked on, once', async () => {
  consume({});
  await expect(enqueue(queue, 'restore', { backup: '' })).rejects.toMatchObject({ code: 'USAGE', exit: 2 });
  const { id = '' } = await queue.bull.add('restore', { backup: 7 }, { attempts: 3, jobId: 'bad-payload' });
  await expect(follow({ id, name: 'restore', queue, joined: false })).rejects.toMatchObject({
    code: 'USAGE',
    why: expect.stringContaining('backup') as string,
  });
  expect((await findJob(queue, id))?.attempt).toBe(1);
});

test('a job of a newer version and a result that breaks the contract fail at once', async () => {
  consume({ drill: async () => ({ ...done, files: 'many' }) as unknown as Result<'drill'> });
  await expect(follow(await enqueue(queue, 'drill', {}))).rejects.toMatchObject({ code: 'FAILED' });
  const { id = '' } = await queue.bull.add('teleport', {}, { attempts: 3, jobId: 'new-thing' });
  await waitFor(async () => (await findJob(queue, id))?.state === 'failed');
  expect(await findJob(queue, id)).toMatchObject({ attempt: 1, error: { code: 'USAGE' } });
});

test('a second backup of a tier joins the one that waits or runs; another tier does not', async () => {
  const waiting = await enqueue(queue, 'backup', {});
  expect(await enqueue(queue, 'backup', { tier: 'daily' })).toMatchObject({ id: waiting.id, joined: true });
  expect((await enqueue(queue, 'backup', { tier: 'weekly' })).joined).toBe(false);
  let finish = (): void => {};
  consume({ backup: () => new Promise((resolve) => (finish = () => resolve(made))) });
  await waitFor(() => isActive(waiting.id));
  expect(await enqueue(queue, 'backup', {})).toMatchObject({ id: waiting.id, joined: true });
  finish();
  await follow(waiting);
  expect((await enqueue(queue, 'backup', {})).joined).toBe(false);
});

test('a manual backup joins the scheduled one that runs, but not the one of tomorrow', async () => {
  const tomorrow = { pattern: '0 2 * * *', tz: 'UTC' };
  await queue.bull.upsertJobScheduler('backup', tomorrow, { name: 'backup', data: { trigger: 'schedule' } });
  const own = await enqueue(queue, 'backup', {});
  expect(own.joined).toBe(false);
  await cancel(queue, own.id);
  const { next = 0 } = (await queue.bull.getJobScheduler('backup')) ?? {};
  const scheduled = `repeat:backup:${next}`;
  await (await queue.bull.getJob(scheduled))?.changeDelay(0);
  consume({ backup: ({ signal }) => untilAborted({ signal } as never) as never });
  await waitFor(() => isActive(scheduled));
  expect(await enqueue(queue, 'backup', {})).toMatchObject({ id: scheduled, joined: true });
  await cancel(queue, scheduled);
});

test('one at a time, whatever number of workers', async () => {
  let running = 0;
  let most = 0;
  const drill = async (): Promise<Result<'drill'>> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 15));
    running--;
    return done;
  };
  for (let worker = 0; worker < 3; worker++) consume({ drill });
  const names = Array.from({ length: 9 }, (_, index) => `backup-${index}`);
  const jobs = await Promise.all(names.map((backup) => enqueue(queue, 'drill', { backup })));
  await Promise.all(jobs.map((job) => follow(job)));
  expect(most).toBe(1);
});

test('busy: the job waits and then runs, without losing an attempt', async () => {
  const attempts: number[] = [];
  consume({
    async drill({ attempt }) {
      attempts.push(attempt);
      if (attempts.length === 1) throw new BackupError('BUSY', 'held by a restore');
      return done;
    },
  });
  const job = await enqueue(queue, 'drill', {});
  const lines: string[] = [];
  await follow(job, { onLog: (line) => lines.push(line) });
  expect(attempts).toEqual([1, 1]);
  expect(lines.join()).toContain('backup directory is busy, job waits');
});

test('busy for longer than anybody wants to wait is exit 5', async () => {
  consume({
    drill() {
      throw new BackupError('BUSY', 'held by a restore');
    },
  });
  const { id = '' } = await queue.bull.add(
    'drill',
    { busySince: Date.now() - 61_000 },
    { attempts: 3, jobId: 'waited' },
  );
  await expect(follow({ id, name: 'drill', queue, joined: false })).rejects.toMatchObject({
    code: 'BUSY',
    exit: 5,
  });
});

test('cancelled from another process: the signal says so, the job ends as CANCELLED', async () => {
  consume({ drill: untilAborted });
  const job = await enqueue(queue, 'drill', {});
  await waitFor(() => isActive(job.id));
  const elsewhere = await connect(redis.url, { mode: 'command' });
  const other = openQueue(queue.project, elsewhere);
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
  const job = await enqueue(queue, 'drill', {});
  const following = follow(job);
  expect(await cancel(queue, job.id)).toBe('removed');
  await expect(following).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(cancel(queue, 'nothing')).rejects.toMatchObject({ code: 'USAGE' });
  await queue.bull.upsertJobScheduler('drill', { pattern: '0 2 * * *' }, { name: 'drill', data: {} });
  const { next = 0 } = (await queueStatus(queue)).next.map(({ at }) => ({ next: at }))[0] ?? {};
  await expect(cancel(queue, `repeat:drill:${next}`)).rejects.toMatchObject({ code: 'USAGE' });
});

test('who stops following leaves the job alone', async () => {
  consume({ drill: untilAborted });
  const job = await enqueue(queue, 'drill', {});
  await expect(follow(job, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  await waitFor(() => isActive(job.id));
});

test('a stopping worker gives its job back at its place, with no attempt lost', async () => {
  const first = consume({ drill: untilAborted });
  const job = await enqueue(queue, 'drill', {});
  await waitFor(() => isActive(job.id));
  await enqueue(queue, 'verify', {});
  expect(await queueStatus(queue)).toMatchObject({ workers: 1, counts: { active: 1, waiting: 1 } });
  await first.stop(400);
  expect((await queueStatus(queue)).workers).toBe(0);
  expect(await findJob(queue, job.id)).toMatchObject({ state: 'waiting' });
  expect(ended).toEqual([]);
  const order: string[] = [];
  consume({
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
  let finish = (): void => {};
  const consumer = consume({ drill: () => new Promise((resolve) => (finish = () => resolve(done))) });
  const job = await enqueue(queue, 'drill', {});
  await waitFor(() => isActive(job.id));
  const stopping = consumer.stop(8000);
  finish();
  await stopping;
  expect(await findJob(queue, job.id)).toMatchObject({ state: 'completed' });
});

test('a processor deaf to its signal does not hold up the stop, and its job is given back', async () => {
  const consumer = consume({ drill: () => new Promise(() => {}) });
  const job = await enqueue(queue, 'drill', {});
  await waitFor(() => isActive(job.id));
  const begin = performance.now();
  await consumer.stop(800);
  expect(performance.now() - begin).toBeLessThan(3000);
  expect(await findJob(queue, job.id)).toMatchObject({ state: 'waiting' });
});

test('Redis is killed while a job runs and comes back: the job ends, the consumer goes on', async () => {
  const drills: string[] = [];
  consume({
    async drill({ payload }) {
      drills.push(payload.backup);
      if (drills.length > 1) return done;
      await redis.kill();
      await redis.start();
      return done;
    },
  });
  const job = await enqueue(queue, 'drill', { backup: 'first' });
  await waitFor(async () => (await findJob(queue, job.id))?.state === 'completed');
  await follow(await enqueue(queue, 'drill', { backup: 'second' }));
  expect(drills).toEqual(['first', 'second']);
});

test('a consumer that starts before Redis works, and hears of cancellation, once it is there', async () => {
  await redis.kill();
  const early = await connect(redis.url, { mode: 'service' });
  const consumer = startConsumer({
    project: queue.project,
    connection: early,
    processors: idle({ drill: untilAborted }),
  });
  await redis.start();
  const job = await enqueue(queue, 'drill', {});
  await waitFor(() => isActive(job.id));
  await waitFor(async () => (await cancel(queue, job.id)) === 'finished');
  await expect(follow(job)).rejects.toMatchObject({ code: 'CANCELLED' });
  await consumer.stop();
  early.close();
});

test('a lost queue lock aborts the run that lost it', async () => {
  let reason: unknown;
  consume(
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
  const job = await enqueue(queue, 'drill', {});
  await waitFor(() => isActive(job.id));
  await connection.client.del(`${queue.bull.toKey(job.id)}:lock`);
  await waitFor(() => reason !== undefined);
  expect(reason).toMatchObject({
    code: 'CANCELLED',
    why: expect.stringContaining('taken for dead') as string,
  });
});

/** Compiles or not: what the types promise. */
export function typed(consumerOf: (processors: Processors) => void): void {
  const all = idle({});
  consumerOf(all);
  const { drill: _, ...missing } = all;
  // @ts-expect-error a processor is missing
  consumerOf(missing);
  // @ts-expect-error the result is another job's
  consumerOf({ ...all, drill: async () => made });
  // @ts-expect-error no such payload
  void enqueue(queue, 'backup', { tier: 'hourly' });
}
