import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSettings } from '@gofr-backup/config';
import { silentLogger } from '@gofr-backup/model';
import { privateRedis, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test, vi } from 'vitest';
import { preflight } from './preflight.ts';
import { start } from './start.ts';

vi.mock(import('./preflight.ts'), { spy: true });

test.each([true, false])('a worker that is watched (%s) looks at its files beforehand', async (watched) => {
  await using dir = await temporaryDirectory();
  await using redis = await privateRedis();
  await mkdir(join(dir.path, 'backups'));
  const env = { BACKUP_REDIS_URL: redis.url, BACKUP_DATA_DIR: dir.path };
  const settings = loadSettings({ ...env, BACKUP_BACKUP_DIR: join(dir.path, 'backups') });
  vi.mocked(preflight).mockClear();
  const worker = await start(settings, { logger: silentLogger, watched });
  await worker.stop();
  expect(preflight).toHaveBeenCalledTimes(watched ? 1 : 0);
});
