/** What a real Redis refuses, and how it is told. */
import type { BackupError, Logger } from '@gofr-backup/model';
import { silentLogger } from '@gofr-backup/model';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { connect } from '../connection.ts';
import { startConsumer } from '../consumer.ts';
import { enqueue } from '../enqueue.ts';
import { evictionPolicy, tellEviction } from './eviction.ts';
import { follow } from '../follow.ts';
import { queueStatus } from '../history.ts';
import { idle } from '../processors.fixture.ts';
import { openQueue } from '../queue.ts';

/** What an addition to the queue fails with. */
async function refusal(args: string[], user = ''): Promise<BackupError> {
  await using redis = await privateRedis({ tcp: true, args });
  const connection = await connect(redis.url.replace('//', `//${user}`), { mode: 'command' });
  const queue = openQueue('plot', connection);
  try {
    return (await enqueue(queue, 'backup', {}).catch((error: unknown) => error)) as BackupError;
  } finally {
    await queue.close().catch(() => {});
    connection.close();
  }
}

test.for([
  ['full memory', ['--maxmemory', '500kb'], '', /its memory is full/, /maxmemory/],
  ['a replica', ['--replicaof', '127.0.0.1', '1'], '', /it is a replica/, /primary|Sentinel/],
  ['too few replicas', ['--min-replicas-to-write', '1'], '', /replicas/, /min-replicas-to-write/],
  [
    'a user without rights',
    ['--user', 'reader', 'on', '>word', '~*', '&*', '+@read', '+@connection', '+info', '+client'],
    'reader:word@',
    /does not let its user/,
    /ACL SETUSER/,
  ],
] as const)('%s is named, with what to do', async ([, args, user, what, hint]) => {
  const error = await refusal([...args], user);
  expect(error).toMatchObject({ code: 'REDIS_REFUSES', exit: 69, retryable: true });
  expect(error.message).toMatch(what);
  expect(error.hint).toMatch(hint);
  expect(error.why).toMatch(/^[A-Z]/);
  expect(JSON.stringify(error)).not.toContain('word@');
});

test('who follows a job is told when Redis takes no writes any more, and the worker logs it once', async () => {
  await using redis = await privateRedis();
  const command = await connect(redis.url, { mode: 'command' });
  const service = await connect(redis.url, { mode: 'service' });
  const admin = new Redis(redis.url.replace('unix://', ''));
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_fields, message) => void errors.push(message) };
  const consumer = startConsumer({ project: 'plot', connection: service, processors: idle({}), logger });
  const queue = openQueue('plot', command);
  try {
    await waitFor(async () => (await queueStatus(queue)).workers === 1);
    await queue.bull.pause();
    const job = await enqueue(queue, 'drill', {});
    const followed = follow(job).catch((error: unknown) => error);
    await admin.config('SET', 'maxmemory', '1');
    await admin.hdel(queue.bull.toKey('meta'), 'paused');
    await admin.zadd(queue.bull.toKey('marker'), 0, '0').catch(() => {});
    expect(await followed).toMatchObject({
      code: 'REDIS_REFUSES',
      hint: expect.stringMatching(/maxmemory/) as string,
    });
    await waitFor(() => errors.length > 0);
    expect(errors).toEqual([expect.stringMatching(/takes no writes: its memory is full/)]);
  } finally {
    await admin.config('SET', 'maxmemory', '0');
    admin.disconnect();
    await consumer.stop();
    await queue.close();
    command.close();
    service.close();
  }
});

test('a Redis that throws records away is told, one without a limit is not', async () => {
  const evicting = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
  await using redis = await privateRedis({ args: evicting });
  await using unlimited = await privateRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  const connections = [redis, unlimited].map(({ url }) => connect(url, { mode: 'service' }));
  const [one, other] = await Promise.all(connections);
  const warned: object[] = [];
  tellEviction(one!, { ...silentLogger, warn: (fields) => void warned.push(fields) });
  await waitFor(() => warned.length === 1);
  expect(warned).toMatchObject([
    { policy: 'allkeys-lru', hint: expect.stringContaining('noeviction') as string },
  ]);
  expect([await evictionPolicy(one!), await evictionPolicy(other!)]).toEqual(['allkeys-lru', undefined]);
  one!.close();
  other!.close();
});
