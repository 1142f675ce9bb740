import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateRedis, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { visit } from '../visitor.fixture.ts';

test('a Redis that is connected and silent is told on the board too, within a moment', async () => {
  await using redis = await privateRedis();
  const directory = await mkdtemp(join(tmpdir(), 'gofr-board-'));
  await using visitor = await visit(directory, { BACKUP_REDIS_URL: redis.url });
  await waitFor(async () => (await visitor.ask('./queues/api/queues')).status === 200);
  process.kill(redis.pid, 'SIGSTOP');
  const { status } = await visitor.ask('./queues/api/queues', { signal: AbortSignal.timeout(10_000) });
  expect(status).toBe(503);
});
