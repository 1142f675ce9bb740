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

async function grownBy(job: TestJob, most: number, jobs = 60): Promise<number> {
  let count = 1;
  await using threads = started({ count, most, grown: (now) => void (count = now) });
  await Promise.all(Array.from({ length: jobs }, () => threads.run(job)));
  return count;
}

test.skipIf(process.platform !== 'linux')(
  'threads are added while their jobs stand still, and no more than allowed',
  async () => {
    expect(await grownBy('stand still', 5)).toBe(5);
    expect(await grownBy('stand still', 1)).toBe(1);
  },
);

test.skipIf(process.platform !== 'linux')(
  'none is added for jobs that compute, however busy the machine, or when none waits',
  async () => {
    expect(await grownBy('compute', 5)).toBe(1);
    expect(await grownBy('stand still', 5, 2)).toBe(1);
  },
);

test('a job that is handed in to run soon comes before those that wait', async () => {
  await using threads = started({ count: 1 });
  const order: string[] = [];
  const waiting = Array.from({ length: 6 }, (_, n) => threads.run('answer').then(() => order.push(`${n}`)));
  await Promise.all([...waiting, threads.runSoon('answer').then(() => order.push('soon'))]);
  expect(order.indexOf('soon')).toBeLessThan(4);
});

test.skipIf(process.platform !== 'linux')('nice lowers the threads, not the process', async () => {
  const before = getPriority();
  await using threads = started({ nice: Math.min(19, before + 5) });
  expect(await threads.run('priority')).toBe(Math.min(19, before + 5));
  expect(getPriority()).toBe(before);
});
