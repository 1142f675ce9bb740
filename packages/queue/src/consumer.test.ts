import { BackupError, type ProgressEvent } from '@gofr-backup/model';
import { waitFor } from '@gofr-backup/testing';
import { expect, test, vi } from 'vitest';
import { cancel } from './cancel.ts';
import { enqueue } from './enqueue.ts';
import { follow } from './follow.ts';
import { findJob, jobLogs, listJobs } from './history.ts';
import type { Processors, Result } from './jobs/index.ts';
import { idle } from './processors.fixture.ts';
import { done, made, untilAborted, useQueue } from './queue.fixture.ts';

const on = useQueue();

test('a job is followed to its typed result, with progress and log', async () => {
  on.consume({
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
  const job = await enqueue(on.queue, 'backup', { tier: 'weekly' });
  const result = await follow(job, {
    onLog: (line) => lines.push(line),
    onProgress: (event) => events.push(event),
  });
  expect(result).toEqual(made);
  expect(events).toContainEqual({ phase: 'archive', bytes: 5, files: 1, totalBytes: 5 });
  expect(lines).toEqual([expect.stringContaining(`info archive made backup=${job.id}`)]);
  expect(await jobLogs(on.queue, job.id)).toEqual(lines);
  expect(on.ended).toMatchObject([{ id: job.id, name: 'backup', ok: true, result: made }]);
  expect(await listJobs(on.queue)).toMatchObject([
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
  on.consume({
    backup() {
      tries++;
      throw error;
    },
  });
  const caught: unknown = await follow(await enqueue(on.queue, 'backup', {})).catch(
    (thrown: unknown) => thrown,
  );
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
  expect(on.ended).toMatchObject([{ ok: false, error: { code: 'PERMISSION' } }]);
});

test('who is told of the end asks at once; a wrong sign shortens a single pause', async () => {
  const gate = Promise.withResolvers<typeof made>();
  on.consume({ backup: () => gate.promise });
  const job = await enqueue(on.queue, 'backup', {});
  const asked = vi.spyOn(on.queue.bull, 'getJob');
  const end = new AbortController();
  const told = follow(job, { interval: 60_000, ended: end.signal });
  const misled = follow(job, { interval: 60_000, ended: AbortSignal.abort() });
  misled.catch(() => {});
  await waitFor(() => asked.mock.calls.length === 3);
  gate.resolve(made);
  await waitFor(() => on.ended.length === 1);
  expect(asked).toHaveBeenCalledTimes(3);
  end.abort();
  expect(await told).toEqual(made);
});

test.for(['CONFIG', 'NOTHING_TO_BACK_UP', 'ARCHIVE_DAMAGED', 'CANCELLED'] as const)(
  'never again: %s',
  async (code) => {
    let tries = 0;
    on.consume({
      backup() {
        tries++;
        throw new BackupError(code, 'no');
      },
    });
    await expect(follow(await enqueue(on.queue, 'backup', {}, { backoff: 1 }))).rejects.toMatchObject({
      code,
    });
    expect(tries).toBe(1);
  },
);

test('three attempts, then the last error', async () => {
  const attempts: number[] = [];
  on.consume({
    backup({ attempt }) {
      attempts.push(attempt);
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  });
  const job = await enqueue(on.queue, 'backup', {}, { backoff: 5 });
  await expect(follow(job)).rejects.toMatchObject({ code: 'DISK_FULL', exit: 74, why: 'no space' });
  expect(attempts).toEqual([1, 2, 3]);
  expect(on.ended).toHaveLength(1);
});

test('a retry goes on at the step that was saved', async () => {
  const began: unknown[] = [];
  on.consume({
    async backup({ payload, save }) {
      began.push(payload.resume);
      if (payload.resume) return made;
      await save({ ...payload, resume: { step: 'verify', filename: 'a.tar' } });
      throw new Error('worker had a bad day');
    },
  });
  await follow(await enqueue(on.queue, 'backup', {}, { backoff: 1 }));
  expect(began).toEqual([undefined, { step: 'verify', filename: 'a.tar' }]);
});

test('a bad payload is refused where it is asked for, and where it is worked on, once', async () => {
  on.consume({});
  await expect(enqueue(on.queue, 'restore', { backup: '' })).rejects.toMatchObject({
    code: 'USAGE',
    exit: 2,
  });
  const { id = '' } = await on.queue.bull.add(
    'restore',
    { backup: 7 },
    { attempts: 3, jobId: 'bad-payload' },
  );
  await expect(follow({ id, name: 'restore', queue: on.queue, joined: false })).rejects.toMatchObject({
    code: 'USAGE',
    why: expect.stringContaining('backup') as string,
  });
  expect((await findJob(on.queue, id))?.attempt).toBe(1);
});

test('a job of a newer version and a result that breaks the contract fail at once', async () => {
  on.consume({ drill: async () => ({ ...done, files: 'many' }) as unknown as Result<'drill'> });
  await expect(follow(await enqueue(on.queue, 'drill', {}))).rejects.toMatchObject({ code: 'FAILED' });
  const { id = '' } = await on.queue.bull.add('teleport', {}, { attempts: 3, jobId: 'new-thing' });
  await waitFor(async () => (await findJob(on.queue, id))?.state === 'failed');
  expect(await findJob(on.queue, id)).toMatchObject({ attempt: 1, error: { code: 'USAGE' } });
});

test('a second backup of a tier joins the one that waits or runs; another tier does not', async () => {
  const waiting = await enqueue(on.queue, 'backup', {});
  expect(await enqueue(on.queue, 'backup', { tier: 'daily' })).toMatchObject({
    id: waiting.id,
    joined: true,
  });
  expect((await enqueue(on.queue, 'backup', { tier: 'weekly' })).joined).toBe(false);
  let finish: (() => void) | undefined;
  on.consume({ backup: () => new Promise((resolve) => (finish = () => resolve(made))) });
  await waitFor(() => finish !== undefined);
  expect(await enqueue(on.queue, 'backup', {})).toMatchObject({ id: waiting.id, joined: true });
  finish?.();
  await follow(waiting);
  expect((await enqueue(on.queue, 'backup', {})).joined).toBe(false);
});

test('a manual backup joins the scheduled one that runs, but not the one of tomorrow', async () => {
  const tomorrow = { pattern: '0 2 * * *', tz: 'UTC' };
  await on.queue.bull.upsertJobScheduler('backup', tomorrow, {
    name: 'backup',
    data: { trigger: 'schedule' },
  });
  const own = await enqueue(on.queue, 'backup', {});
  expect(own.joined).toBe(false);
  await cancel(on.queue, own.id);
  const { next = 0 } = (await on.queue.bull.getJobScheduler('backup')) ?? {};
  const scheduled = `repeat:backup:${next}`;
  await (await on.queue.bull.getJob(scheduled))?.changeDelay(0);
  on.consume({ backup: ({ signal }) => untilAborted({ signal } as never) as never });
  await waitFor(() => on.isActive(scheduled));
  expect(await enqueue(on.queue, 'backup', {})).toMatchObject({ id: scheduled, joined: true });
  await cancel(on.queue, scheduled);
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
  for (let worker = 0; worker < 3; worker++) on.consume({ drill });
  const names = Array.from({ length: 9 }, (_, index) => `backup-${index}`);
  const jobs = await Promise.all(names.map((backup) => enqueue(on.queue, 'drill', { backup })));
  await Promise.all(jobs.map((job) => follow(job)));
  expect(most).toBe(1);
});

test('busy: the job waits and then runs, without losing an attempt', async () => {
  const attempts: number[] = [];
  on.consume({
    async drill({ attempt }) {
      attempts.push(attempt);
      if (attempts.length === 1) throw new BackupError('BUSY', 'held by a restore');
      return done;
    },
  });
  const job = await enqueue(on.queue, 'drill', {});
  const lines: string[] = [];
  await follow(job, { onLog: (line) => lines.push(line) });
  expect(attempts).toEqual([1, 1]);
  expect(lines.join()).toContain('backup directory is busy, job waits');
});

test('busy for longer than anybody wants to wait is exit 5', async () => {
  on.consume({
    drill() {
      throw new BackupError('BUSY', 'held by a restore');
    },
  });
  const { id = '' } = await on.queue.bull.add(
    'drill',
    { busySince: Date.now() - 61_000 },
    { attempts: 3, jobId: 'waited' },
  );
  await expect(follow({ id, name: 'drill', queue: on.queue, joined: false })).rejects.toMatchObject({
    code: 'BUSY',
    exit: 5,
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
  void enqueue(on.queue, 'backup', { tier: 'hourly' });
}

test('a verify or a drill that found damage is a failed job, and its result comes all the same', async () => {
  const verified: Result<'verify'> = {
    results: [
      { filename: 'a.tar.gz', ok: true, problems: [] },
      { filename: 'b.tar.gz', ok: false, problems: ['bytes differ'], code: 'ARCHIVE_DAMAGED' },
    ],
  };
  const drilled: Result<'drill'> = {
    backup: 'b.tar.gz',
    ok: false,
    files: 3,
    problems: ['x: another content'],
  };
  let tries = 0;
  on.consume({
    verify: () => (tries++, Promise.resolve(verified)),
    drill: () => (tries++, Promise.resolve(drilled)),
  });
  const jobs = [
    await enqueue(on.queue, 'verify', { which: 'all' }),
    await enqueue(on.queue, 'drill', {}),
  ] as const;
  expect(await follow(jobs[0])).toEqual(verified);
  expect(await follow(jobs[1])).toEqual(drilled);
  expect(tries).toBe(2);
  expect(await findJob(on.queue, jobs[0].id)).toMatchObject({
    state: 'failed',
    payload: { which: 'all' },
    result: verified,
    error: { code: 'ARCHIVE_DAMAGED', message: 'b.tar.gz failed verification', why: 'bytes differ' },
  });
  expect(await findJob(on.queue, jobs[1].id)).toMatchObject({ state: 'failed', result: drilled });
  await waitFor(() => on.ended.length === 2);
  expect(on.ended).toMatchObject([
    { ok: false, result: verified },
    { ok: false, result: drilled },
  ]);
});
