/** For tests of the queue: a project's queue on a private Redis, with consumers that do what the test says. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@gofr-backup/model';
import { privateRedis, watchLeaks, type PrivateRedis } from '@gofr-backup/testing';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { connect, type Connection } from './connection.ts';
import { startConsumer, type Consumer, type Ended } from './consumer.ts';
import { findJob } from './history.ts';
import type { Processor, Processors, Result } from './jobs/index.ts';
import { idle } from './processors.fixture.ts';
import { openQueue, type BackupQueue } from './queue.ts';
import { judgeOf, type JudgeOptions } from './requests/judge.ts';
import { KEY_BYTES } from './requests/signature.ts';
import { SpentRequests } from './requests/spent.ts';

export interface TestQueue {
  redis: PrivateRedis;
  connection: Connection;
  queue: BackupQueue;
  /** jobs after their last attempt */
  ended: Ended[];
  key: Buffer;
  /** Its workers have the key of the queue. */
  consume(processors: Partial<Processors>, lockDuration?: number, judge?: Partial<JudgeOptions>): Consumer;
  isActive(id: string): Promise<boolean>;
}

/** Anew for each test, all of it closed after it; a leaked connection fails the test. */
export function useQueue(): TestQueue {
  const test = {} as TestQueue;
  let projects = 0;
  let consumers: Consumer[] = [];
  let stateDir: string;
  let noLeaks: () => Promise<void>;
  beforeAll(async () => {
    test.redis = await privateRedis();
  });
  afterAll(() => test.redis.stop());
  beforeEach(async () => {
    noLeaks = watchLeaks();
    test.connection = await connect(test.redis.url, { mode: 'service' });
    test.key = randomBytes(KEY_BYTES);
    stateDir = await mkdtemp(join(tmpdir(), 'gofr-queue-'));
    test.queue = openQueue(`p${projects++}`, test.connection, { key: () => Promise.resolve(test.key) });
    test.ended = [];
  });
  afterEach(async () => {
    await Promise.all(consumers.map((one) => one.stop(400)));
    consumers = [];
    await test.queue.close();
    test.connection.close();
    await rm(stateDir, { recursive: true });
    await noLeaks();
  });
  test.consume = (processors, lockDuration, judge) => {
    const { queue, connection, ended } = test;
    const { project, key } = queue;
    const spent = new SpentRequests(join(stateDir, 'requests'));
    const judging = { project, key, spent, clock: systemClock, logger: silentLogger, ...judge };
    const consumer = startConsumer({
      project,
      connection,
      judge: judgeOf(judging),
      processors: idle(processors),
      ended: (job) => ended.push(job),
      ...(lockDuration ? { lockDuration } : {}),
    });
    consumers.push(consumer);
    return consumer;
  };
  test.isActive = async (id) => (await findJob(test.queue, id))?.state === 'active';
  return test;
}

export const made: Result<'backup'> = {
  backup: {
    filename: 'a.tar',
    filepath: '/a.tar',
    tier: 'daily',
    timestamp: '2025-12-13T02:00:00',
    size_bytes: 1,
    verified: true,
    status: 'good',
  },
  promoted: [],
};
export const done: Result<'drill'> = { backup: 'a', ok: true, files: 1, problems: [] };
export const untilAborted: Processor<'drill'> = ({ signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
