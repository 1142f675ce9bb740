/** The first page in every state that a service comes into, each for real: what is away is away. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadSettings, type Environment } from '@gofr-backup/config';
import { openRepository, withLock } from '@gofr-backup/core';
import { start as startDashboard } from '@gofr-backup/dashboard';
import { DAY, HOUR, silentLogger, systemClock } from '@gofr-backup/model';
import { connect, enqueue, openQueue, writeReport } from '@gofr-backup/queue';
import { start as startScheduler } from '@gofr-backup/scheduler';
import { fakeClock, makeTree, privateRedis } from '@gofr-backup/testing';
import { start as startWorker } from '@gofr-backup/worker';
import { surroundings } from './surroundings.ts';
import { makeYear } from './year.ts';

/** What a state has and lacks; all else is well. */
interface State {
  /** what the page then says */
  says: RegExp;
  /** without backups before it */
  isNew?: true;
  lacks?: 'scheduler' | 'redis';
  env?: Environment;
  /** a backup is asked for */
  isAsked?: true;
  corrupt?: true;
  /** days since the newest copy in the store was made */
  copyAge?: number;
}

export const STATES: Record<string, State> = {
  fine: { says: /Your data is safe/ },
  'first-run': { says: /Ready for the first backup/, isNew: true },
  running: { says: /archive\s*·/, isAsked: true, env: { BACKUP_READ_RATE: '1M' } },
  failed: {
    says: /The last backup failed/,
    isAsked: true,
    env: { BACKUP_PRE_COMMAND: 'echo the database is locked >&2; exit 1' },
  },
  corrupt: { says: /damaged/, corrupt: true },
  'no-queue': { says: /queue does not answer/, lacks: 'redis' },
  'no-scheduler': { says: /No scheduler runs/, lacks: 'scheduler' },
  'old-copy': {
    says: /newest copy in b2/,
    copyAge: 6,
    env: {
      BACKUP_OFFSITES: 'b2',
      BACKUP_OFFSITE_B2_URL: 'file:///mnt/b2',
      BACKUP_OFFSITE_B2_ENCRYPTION: 'none',
    },
  },
};

export interface Nights extends AsyncDisposable {
  /** a backup directory with some months of backups, to be copied */
  backupDir: string;
}

export async function makeNights(days: number): Promise<Nights> {
  const home = await mkdtemp(join(tmpdir(), 'gofr-nights-'));
  const backupDir = join(home, 'backups');
  await mkdir(backupDir);
  // the last night is the one that ended last, whatever the hour
  const until = systemClock.now() + 22 * HOUR;
  await makeYear({ ...{ backupDir, project: 'plot', timezone: 'UTC' }, until, days, clock: fakeClock() });
  return { backupDir, [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }) };
}

export interface Scene extends AsyncDisposable {
  url: string;
}

/** Everything of a service that the state does not lack. */
export async function enter(state: State, nights: Nights): Promise<Scene> {
  await using used = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'gofr-state-'));
  used.defer(() => rm(home, { recursive: true, force: true }));
  const [backupDir, dataDir] = [join(home, 'backups'), join(home, 'data')];
  // linked, because the archives are large, if only by their sizes
  if (state.isNew) await mkdir(backupDir);
  else await promisify(execFile)('cp', ['-al', nights.backupDir, backupDir]);
  await makeTree(dataDir, {
    storage: { charts: Buffer.alloc(20_000_000, 'x') },
    auth: { key: 'k' },
    logs: { 'web.log': 'started' },
  });
  if (state.corrupt) await damageOne(backupDir);
  const redis = used.use(await privateRedis());
  const env: Environment = {
    ...surroundings({ backupDir, dataDir }, redis.url),
    BACKUP_CLEANUP_ON_START: 'false',
    ...state.env,
  };
  const settings = loadSettings(env);
  const logger = silentLogger;
  const worker = await startWorker(settings, { logger });
  used.defer(() => worker.stop());
  if (state.lacks !== 'scheduler') {
    const scheduler = await startScheduler(settings, { logger });
    used.defer(() => scheduler.stop());
  }
  await ask(state, redis.url);
  if (state.copyAge !== undefined) used.use(await tellCopies(state.copyAge, redis.url));
  if (state.lacks === 'redis') await redis.kill();
  const dashboard = await startDashboard(settings, { logger });
  used.defer(() => dashboard.stop());
  const all = used.move();
  return { url: dashboard.url, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function ask({ isAsked }: State, redisUrl: string): Promise<void> {
  if (!isAsked) return;
  const connection = await connect(redisUrl, { mode: 'command' });
  const queue = openQueue('plot', connection);
  await enqueue(queue, 'backup', { trigger: 'manual' });
  await queue.close();
  connection.close();
}

/** Over and over, because the worker reports that there are no copies. */
async function tellCopies(days: number, redisUrl: string): Promise<AsyncDisposable> {
  const connection = await connect(redisUrl, { mode: 'command' });
  let telling = Promise.resolve();
  const tell = () =>
    (telling = telling.then(() => writeReport(connection, 'plot', { stores: [copyOf(days)] })));
  const timer = setInterval(() => void tell(), 100);
  await tell();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await telling;
      connection.close();
    },
  };
}

function copyOf(days: number) {
  const at = (ago: number) => new Date(systemClock.now() - ago).toISOString();
  return {
    ...{ store: 'b2', copies: 40, tried_at: at(days * DAY - HOUR) },
    newest: { filename: 'gofr-plot_daily_older.tar.gz', created_at: at(days * DAY), arrived: at(days * DAY) },
  };
}

/** In its record: the page reads no archive to say so. */
async function damageOne(backupDir: string): Promise<void> {
  const ports = { clock: systemClock, logger: silentLogger };
  const options = { backupDir, project: 'plot', prefix: 'gofr-plot', timezone: 'UTC', ...ports };
  const repository = await openRepository(options);
  await withLock(repository, { owner: 'the fixture', ports }, async () => {
    const [, , third] = (await repository.catalogue()).filter(({ tier }) => tier === 'daily');
    await repository.update(third!.filename, { status: 'corrupt', verified: false });
  });
}
