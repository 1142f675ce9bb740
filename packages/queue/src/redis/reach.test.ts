import { systemClock } from '@gofr-backup/model';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { connect } from '../connection.ts';
import { reachOf } from './reach.ts';

test('a queue that was out of reach is within it again when Redis is back', async () => {
  await using redis = await privateRedis();
  const connection = await connect(redis.url, { mode: 'service' });
  try {
    const reach = reachOf(connection, 'plot', systemClock);
    await waitFor(() => reach.look() < 100 && connection.client.status === 'ready');
    await redis.kill();
    await waitFor(() => reach.look() > 300);
    await redis.start();
    await waitFor(() => reach.look() < 100);
    process.kill(redis.pid, 'SIGSTOP');
    await waitFor(() => reach.look() > 300);
    process.kill(redis.pid, 'SIGCONT');
    await waitFor(() => reach.look() < 100);
    expect(connection.client.status).toBe('ready');
  } finally {
    connection.close();
  }
});
