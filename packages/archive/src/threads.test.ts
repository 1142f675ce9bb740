import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { BackupError } from '@gofr-backup/model';
import { Threads, type ThreadsOptions } from './threads.ts';
import type { TestJob } from './threads.fixture.ts';

function started(options: Partial<ThreadsOptions> = {}): Threads<TestJob, number> & AsyncDisposable {
  const entry = new URL('./threads.fixture.ts', import.meta.url);
  const threads = new Threads<TestJob, number>({ entry, count: 2, shared: 42, ...options });
  return Object.assign(threads, { [Symbol.asyncDispose]: () => threads.close() });
}

test('every job is answered, however many there are', async () => {
  await using threads = started();
  const answers = await Promise.all(Array.from({ length: 200 }, () => threads.run('answer')));
  expect(new Set(answers)).toEqual(new Set([42]));
});

test('what a job throws rejects that job alone, with its code', async () => {
  await using threads = started();
  const [thrown, errno, refused, fine] = await Promise.allSettled(
    (['throw', 'errno', 'refuse', 'answer'] as const).map((job) => threads.run(job)),
  );
  expect(thrown).toMatchObject({ reason: { message: 'as told' } });
  expect(errno).toMatchObject({ reason: { code: 'ENOENT' } });
  expect(refused).toMatchObject({ reason: { code: 'ARCHIVE_DAMAGED', why: 'as told', details: { n: 1 } } });
  expect((refused as PromiseRejectedResult).reason).toBeInstanceOf(BackupError);
  expect(fine).toMatchObject({ value: 42 });
});

test('a thread that dies rejects everything, now and later', async () => {
  await using threads = started({ count: 1 });
  const all = await Promise.allSettled(
    (['die', 'answer', 'answer', 'answer'] as const).map((job) => threads.run(job)),
  );
  expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'rejected'));
  await expect(threads.run('answer')).rejects.toThrow();
});

test.skipIf(process.platform !== 'linux')('nice lowers the threads, not the process', async () => {
  const before = getPriority();
  await using threads = started({ nice: Math.min(19, before + 5) });
  expect(await threads.run('priority')).toBe(Math.min(19, before + 5));
  expect(getPriority()).toBe(before);
});
