import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, planFrom } from '@gofr-backup/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockHolder, stateDirOf } from '@gofr-backup/core';
import { noProgress, silentLogger, systemClock } from '@gofr-backup/model';
import type { Run } from '@gofr-backup/queue';
import type { Composition } from '../composition.ts';
import { backup } from './backup.ts';

let root: string;
let composition: Composition;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'backup-job-'));
  await mkdir(join(root, 'data/storage'), { recursive: true });
  await writeFile(join(root, 'data/storage/chart.png'), 'chart');
  const settings = loadSettings({
    BACKUP_DATA_DIR: join(root, 'data'),
    BACKUP_LOGS_DIR: join(root, 'logs'),
    BACKUP_BACKUP_DIR: join(root, 'backups'),
    BACKUP_ENABLE_WEEKLY: 'true',
  });
  composition = { plan: planFrom(settings), clock: systemClock, restoreRoots: [], stores: [] };
});
afterEach(() => rm(root, { recursive: true }));

const runWith = (save: Run<'backup'>['save']): Run<'backup'> => ({
  jobId: 'one',
  attempt: 1,
  payload: { tier: 'daily', trigger: 'manual' },
  signed: true,
  logger: silentLogger,
  progress: noProgress,
  signal: new AbortController().signal,
  save,
});

test('one attempt holds the lock once, over all its steps', async () => {
  const seen: [step: string | undefined, token: string | undefined][] = [];
  const result = await backup(composition)(
    runWith(async ({ resume }) => {
      const holder = await lockHolder(stateDirOf(composition.plan.backupDir));
      seen.push([resume?.step, holder?.token]);
    }),
  );
  expect(result).toMatchObject({ backup: { status: 'good' }, promoted: [{ tier: 'weekly' }] });
  expect(seen.map(([step]) => step)).toEqual(['verify', 'promote', 'prune']);
  expect(new Set(seen.map(([, token]) => token)).size).toBe(1);
  expect(seen[0]?.[1]).toBeDefined();
});

test('a Redis that does not answer keeps neither the backup nor the lock', { timeout: 30_000 }, async () => {
  const result = await backup(composition)(runWith(() => new Promise(() => {})));
  expect(result.backup.status).toBe('good');
  expect(await lockHolder(stateDirOf(composition.plan.backupDir))).toBeUndefined();
});
