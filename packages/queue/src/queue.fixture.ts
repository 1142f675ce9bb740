/** For tests of the queue: a project's queue on a private Redis, with consumers that do what the test says. */
import { privateRedis, watchLeaks, type PrivateRedis } from '@gofr-backup/testing';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { connect, type Connection } from './connection.ts';
import { startConsumer, type Consumer, type Ended } from './consumer.ts';
import { findJob } from './history.ts';
import type { Processor, Processors, Result } from './jobs/index.ts';
import { idle } from './processors.fixture.ts';
import { openQueue, type BackupQueue } from './queue.ts';

export interface TestQueue {
  redis: PrivateRedis;
  connection: Connection;
  queue: BackupQueue;
  /** jobs after their last attempt */
  ended: Ended[];
  consume(processors: Partial<Processors>, lockDuration?: number): Consumer;
  isActive(id: string): Promise<boolean>;
}

/** Anew for each test, all of it closed after it; a leaked connection fails the test. */
export function useQueue(): TestQueue {
  const test = {} as TestQueue;
  let projects = 0;
  let consumers: Consumer[] = [];
  let noLeaks: () => Promise<void>;
  beforeAll(async () => {
    test.redis = await privateRedis();
  });
  afterAll(() => test.redis.stop());
  beforeEach(async () => {
    noLeaks = watchLeaks();
    test.connection = await connect(test.redis.url, { mode: 'service' });
    test.queue = openQueue(`p${projects++}`, test.connection);
    test.ended = [];
  });
  afterEach(async () => {
    await Promise.all(consumers.map((one) => one.stop(400)));
    consumers = [];
    await test.queue.close();
    test.connection.close();
    await noLeaks();
  });
  test.consume = (processors, lockDuration) => {
    const { queue, connection, ended } = test;
    const consumer = startConsumer({
      project: queue.project,
      connection,
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
