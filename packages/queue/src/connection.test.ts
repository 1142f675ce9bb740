import { BackupError } from '@gofr-backup/model';
import { privateRedis, waitFor, watchLeaks } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { connect } from './connection.ts';
import { enqueue } from './enqueue.ts';
import { follow } from './follow.ts';
import { openQueue } from './queue.ts';

async function failure(work: Promise<unknown>): Promise<BackupError> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(BackupError);
      return error as BackupError;
    },
  );
}

const ABSENT = [
  'redis://127.0.0.1:1',
  'redis://nobody:secret@no-such-host.invalid',
  'redis://192.0.2.1:6379', // routed nowhere (RFC 5737)
  'unix:///no/such/redis.sock',
  'redis+sentinel://127.0.0.1:1,127.0.0.1:2/main',
  'redis+cluster://127.0.0.1:1',
];

test.for(ABSENT)('a command without Redis answers with 69 within two seconds: %s', async (url) => {
  const noLeaks = watchLeaks();
  const begin = performance.now();
  const error = await failure(connect(url, { mode: 'command' }));
  expect(performance.now() - begin).toBeLessThan(2000);
  expect(error).toMatchObject({ code: 'REDIS_UNREACHABLE', exit: 69 });
  expect(error.why).not.toBe('');
  expect(error.message + error.why + JSON.stringify(error.details)).not.toContain('secret');
  await noLeaks();
});

test('a wrong password is told as Redis tells it', async () => {
  await using redis = await privateRedis({ tcp: true, args: ['--requirepass', 'right'] });
  const error = await failure(connect(redis.url.replace('//', '//:wrong@'), { mode: 'command' }));
  expect(error).toMatchObject({
    code: 'REDIS_UNREACHABLE',
    why: expect.stringMatching(/WRONGPASS|AUTH/) as string,
  });
  const connection = await connect(redis.url.replace('//', '//:right@'), { mode: 'command' });
  connection.close();
}, 60_000);

test.for(['/16', '?db=99'])(
  'a database that Redis does not have is 78, and nothing is done in another: %s',
  async (db) => {
    await using redis = await privateRedis({ tcp: true });
    const url = redis.url + db;
    for (const mode of ['command', 'service'] as const) {
      const error = await failure(connect(url, { mode }));
      expect(error).toMatchObject({
        code: 'CONFIG',
        exit: 78,
        why: expect.stringContaining('out of range') as string,
      });
      expect(error.message).toBe(
        `REDIS_URL names database ${/\d+/.exec(db)?.[0]}, which this Redis does not have`,
      );
    }
    await redis.kill();
    const late = await connect(url, { mode: 'service' });
    await redis.start();
    await waitFor(() => late.client.status === 'end');
    const other = await connect(redis.url, { mode: 'command' });
    expect(await other.client.dbsize()).toBe(0);
    other.close();
  },
);

test('Redis that dies while a command follows a job ends it with 69', async () => {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'command' });
  const queue = openQueue('plot', connection);
  const following = failure(follow(await enqueue(queue, 'backup', {})));
  await redis.kill();
  expect(await following).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  expect(await failure(enqueue(queue, 'backup', {}))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  connection.close();
});

test('Redis that hangs while a command follows a job ends it with 69', async () => {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'command' });
  const job = await enqueue(openQueue('plot', connection), 'backup', {});
  process.kill(redis.pid, 'SIGSTOP');
  try {
    expect(await failure(follow(job))).toMatchObject({ code: 'REDIS_UNREACHABLE' });
  } finally {
    process.kill(redis.pid, 'SIGCONT');
    connection.close();
  }
});

test('a service connects when Redis comes, and again when it comes back', async () => {
  await using redis = await privateRedis();
  await redis.kill();
  const connection = await connect(redis.url, { mode: 'service' });
  const answer = connection.client.ping();
  await redis.start();
  expect(await answer).toBe('PONG');
  await redis.kill();
  await redis.start();
  await waitFor(async () => (await connection.client.ping()) === 'PONG');
  connection.close();
});

test('a REDIS_URL that cannot be read is CONFIG, and its password is not told', async () => {
  const refused = connect('redis://:S3CRET%zz@h', { mode: 'service' });
  await expect(refused).rejects.toMatchObject({ code: 'CONFIG', why: expect.stringMatching(/^it has a % /) });
  await expect(refused).rejects.not.toMatchObject({ why: expect.stringContaining('S3CRET') });
});
