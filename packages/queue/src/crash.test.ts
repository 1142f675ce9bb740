/** A worker process is killed in the middle of a job: another takes the job up, and it ends once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@gofr-backup/model';
import { privateRedis, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { connect } from './connection.ts';
import { startConsumer } from './consumer.ts';
import { enqueue } from './enqueue.ts';
import { follow } from './follow.ts';
import { openQueue } from './queue.ts';
import { judgeOf } from './requests/judge.ts';
import { idle } from './processors.fixture.ts';

const KEY = '01'.repeat(32);
const key = () => Promise.resolve(Buffer.from(KEY, 'hex'));
const judge = judgeOf({ project: 'plot', key, clock: systemClock, logger: silentLogger });

const WORKER = `
  const { judgeOf } = await import('${import.meta.dirname}/requests/judge.ts');
  const { silentLogger: logger, systemClock: clock } = await import('@gofr-backup/model');
  const judge = judgeOf({ project: 'plot', key: async () => Buffer.from('${KEY}', 'hex'), clock, logger });
  const { connect } = await import('${import.meta.dirname}/connection.ts');
  const { startConsumer } = await import('${import.meta.dirname}/consumer.ts');
  const { idle } = await import('${import.meta.dirname}/processors.fixture.ts');
  const connection = await connect(process.argv[1], { mode: 'service' });
  startConsumer({ project: 'plot', connection, judge, lockDuration: 1000, processors: idle({
    backup: async ({ save, payload, attempt }) => {
      await save({ ...payload, resume: { step: 'verify', filename: 'made.tar' } });
      console.log('archived in attempt ' + attempt);
      await new Promise(() => {});
    },
  }) });`;

test('kill -9 three times over: the job survives, goes on where it was, and loses no attempt', async () => {
  await using redis = await privateRedis();
  await using dir = await temporaryDirectory();
  const log = join(dir.path, 'runs');
  const connection = await connect(redis.url, { mode: 'service' });
  const queue = openQueue('plot', connection, { key });
  const job = await enqueue(queue, 'backup', {});
  for (let kill = 0; kill < 3; kill++) {
    const worker = spawn(process.execPath, ['--input-type=module', '-e', WORKER, redis.url], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(worker.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('archived in attempt 1\n');
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  }
  const consumer = startConsumer({
    project: 'plot',
    connection,
    judge,
    lockDuration: 1000,
    processors: idle({
      async backup({ payload }) {
        await appendFile(log, `${payload.resume?.step} ${payload.resume?.filename}\n`);
        const entry = {
          filename: 'made.tar',
          filepath: '/made.tar',
          tier: 'daily',
          timestamp: '2025-12-13T02:00:00',
        } as const;
        return { backup: { ...entry, size_bytes: 1, verified: true, status: 'good' }, promoted: [] };
      },
    }),
  });
  expect((await follow(job)).backup.filename).toBe('made.tar');
  expect(await readFile(log, 'utf8')).toBe('verify made.tar\n');
  await waitFor(async () => (await queue.bull.getActiveCount()) === 0);
  await consumer.stop();
  await queue.close();
  connection.close();
}, 90_000);

const RESTORER = WORKER.replace(
  /backup: async[^]*\n {4}\},/,
  "restore: () => { console.log('begun'); return new Promise(() => {}); },",
);

test('a restore ends with its worker: it is not begun anew over what may be newer data', async () => {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'service' });
  const queue = openQueue('plot', connection, { key });
  const job = await enqueue(queue, 'restore', { backup: 'latest' });
  const worker = spawn(process.execPath, ['--input-type=module', '-e', RESTORER, redis.url], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(worker.stdout, 'data');
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  let restores = 0;
  const consumer = startConsumer({
    project: 'plot',
    connection,
    judge,
    lockDuration: 1000,
    processors: idle({ restore: () => Promise.reject(new Error(`begun anew ${++restores} times`)) }),
  });
  await expect(follow(job)).rejects.toMatchObject({
    code: 'CANCELLED',
    message: 'The restore ended with its worker',
  });
  expect(restores).toBe(0);
  await consumer.stop();
  await queue.close();
  connection.close();
}, 90_000);
