import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PastJob, pastJobs, rememberJob } from './past-jobs.ts';

const jobAt = (finished: number, more: Partial<PastJob> = {}): PastJob => ({
  ...{ id: `drill-${finished}`, name: 'drill', state: 'completed', payload: { backup: 'latest' } },
  ...{ scheduled: false, attempt: 1, created: finished - 2, started: finished - 1, finished },
  ...more,
});

async function place() {
  const directory = await temporaryDirectory();
  const at = { backupDir: directory.path, project: 'plot' };
  const jobs = join(directory.path, '.gofr-backup/jobs');
  return {
    at,
    jobs,
    file: join(jobs, 'plot.jsonl'),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test('jobs come back as they were, newest first, and only those of the project', async () => {
  await using here = await place();
  expect(await pastJobs(here.at)).toEqual([]);
  const failed = jobAt(2, {
    state: 'failed',
    error: { code: 'IO', message: 'm', why: 'w', hint: '' },
    by: 'ann',
  });
  for (const job of [jobAt(1, { result: { ok: true } }), failed]) await rememberJob(here.at, job);
  await rememberJob({ ...here.at, project: 'other' }, jobAt(3));
  expect(await pastJobs(here.at)).toEqual([failed, jobAt(1, { result: { ok: true } })]);
  expect(statSync(here.file).mode & 0o777).toBe(0o600);
});

test('two files hold it: the newest jobs are there, however many there were', async () => {
  await using here = await place();
  const text = 'x'.repeat(3000);
  for (let n = 1; n <= 400; n++) await rememberJob(here.at, jobAt(n, { result: text }));
  const known = await pastJobs(here.at);
  expect(known.map(({ finished }) => finished)).toEqual(known.map((_, n) => 400 - n));
  expect(known.length).toBeGreaterThan(80);
  expect(readdirSync(here.jobs).toSorted()).toEqual(['plot.jsonl', 'plot.jsonl.1']);
  for (const name of readdirSync(here.jobs))
    expect(statSync(join(here.jobs, name)).size).toBeLessThan(270_000);
});

test('a result that is too long is left out, the job is not', async () => {
  await using here = await place();
  await rememberJob(here.at, jobAt(1, { result: 'x'.repeat(20_000) }));
  expect(await pastJobs(here.at)).toEqual([jobAt(1)]);
});

test('whatever else is in the file, the jobs written after it are found', async () => {
  await using here = await place();
  await rememberJob(here.at, jobAt(1));
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.constant(Buffer.from(JSON.stringify(jobAt(7)).slice(0, 40))),
    fc.constant(Buffer.from(JSON.stringify({ ...jobAt(7), name: 7 }))),
  );
  let finished = 1;
  await fc.assert(
    fc.asyncProperty(garbage, async (bytes) => {
      appendFileSync(here.file, bytes);
      await rememberJob(here.at, jobAt(++finished));
      expect((await pastJobs(here.at))[0]).toEqual(jobAt(finished));
    }),
    { numRuns: 50 },
  );
});

test('a link, a FIFO or a directory in its place is written through by nobody, and holds nothing up', async () => {
  await using here = await place();
  await rememberJob(here.at, jobAt(1));
  const victim = join(here.at.backupDir, 'victim');
  writeFileSync(victim, 'as it was');
  const plants = [
    () => symlinkSync(victim, here.file),
    () => execFileSync('mkfifo', [here.file]),
    () => mkdirSync(here.file),
  ];
  for (const plant of plants) {
    rmSync(here.file, { recursive: true });
    plant();
    await expect(rememberJob(here.at, jobAt(2))).rejects.toThrow();
    expect(await pastJobs(here.at)).toEqual([]);
  }
  expect(statSync(victim).size).toBe('as it was'.length);
});
