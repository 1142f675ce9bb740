/** A whole system on this machine: data, a year of backups, Redis, a worker, the dashboard and a browser. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, type Environment } from '@gofr-backup/config';
import { openRepository } from '@gofr-backup/core';
import { start as startDashboard } from '@gofr-backup/dashboard';
import { type CatalogueEntry, silentLogger, systemClock } from '@gofr-backup/model';
import { fakeClock, makeTree, privateRedis } from '@gofr-backup/testing';
import { start as startWorker } from '@gofr-backup/worker';
import type { Browser } from 'playwright-core';
import { openBrowser } from './open-browser.ts';
import { surroundings } from './surroundings.ts';
import { makeYear } from './year.ts';

/** The file that tests download, and what its name must not do. */
export const CHART = { name: 'profit & <b>loss 100%.txt', content: 'Q1 12\nQ2 17\n' };

export interface System extends AsyncDisposable {
  url: string;
  backupDir: string;
  dataDir: string;
  /** below it a restore through the queue may make directories */
  restoreRoot: string;
  browser: Browser;
  catalogue(): Promise<CatalogueEntry[]>;
  /** Writes the charts anew, so that the next backup has something to do. */
  changeData(): Promise<void>;
  /** Backups older than the retention: a backup prunes them by itself. */
  addOld(): Promise<void>;
  /** Another dashboard on the same backups. */
  dashboard(env: Environment): Promise<string>;
}

export async function startSystem(days: number): Promise<System> {
  await using started = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'gofr-browser-'));
  started.defer(() => rm(home, { recursive: true, force: true }));
  const [backupDir, dataDir] = [join(home, 'backups'), join(home, 'data')];
  await makeData(dataDir);
  await mkdir(backupDir);
  await mkdir(join(home, 'restored'));
  const now = systemClock.now();
  const nights = (until: number, count: number) =>
    makeYear({ backupDir, project: 'plot', timezone: 'UTC', until, days: count, clock: fakeClock() });
  await nights(now, days);
  const redis = started.use(await privateRedis());
  const env: Environment = {
    ...surroundings({ backupDir, dataDir }, redis.url),
    BACKUP_ENABLE_WEEKLY: 'true',
    BACKUP_WEEKLY_RETENTION_WEEKS: '60',
    BACKUP_ENABLE_MONTHLY: 'true',
    BACKUP_DASHBOARD_RESTORE_COMMAND: 'docker compose run --rm restore',
    BACKUP_RESTORE_ROOTS: join(home, 'restored'),
    // slow enough to be watched and to be cancelled
    BACKUP_READ_RATE: '8M',
  };
  const worker = await startWorker(loadSettings(env), { logger: silentLogger });
  started.defer(() => worker.stop());
  const stops: (() => Promise<void>)[] = [];
  started.defer(async () => void (await Promise.all(stops.map((stop) => stop()))));
  const dashboard = async (more: Environment) => {
    const running = await startDashboard(loadSettings({ ...env, ...more }), { logger: silentLogger });
    stops.push(() => running.stop());
    return running.url;
  };
  const url = await dashboard({});
  const browser = await openBrowser();
  started.defer(() => browser.close());
  const options = { backupDir, project: 'plot', prefix: 'gofr-plot', timezone: 'UTC' };
  const repository = await openRepository({ ...options, clock: systemClock, logger: silentLogger });
  const all = started.move();
  return {
    ...{ url, backupDir, dataDir, browser, dashboard, restoreRoot: join(home, 'restored') },
    catalogue: () => repository.catalogue(),
    changeData: () => drawCharts(dataDir),
    addOld: () => nights(now - 370 * 24 * 60 * 60 * 1000, 6),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** About as much as the year's archives say. */
async function makeData(dataDir: string): Promise<void> {
  await makeTree(dataDir, {
    storage: { charts: { [CHART.name]: CHART.content, 'metadata.json': '{"charts":40}' } },
    auth: { 'tokens.json': '{}' },
    logs: { 'web.log': 'started\n'.repeat(1000) },
  });
  await mkdir(join(dataDir, 'storage/blobs'));
  for (let i = 0; i < 2600; i++) {
    await writeFile(join(dataDir, `storage/blobs/${String(i).padStart(5, '0')}.json`), `{"id":${i}}`);
  }
  await drawCharts(dataDir);
}

async function drawCharts(dataDir: string): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await writeFile(
      join(dataDir, `storage/charts/chart-${String(i).padStart(3, '0')}.png`),
      randomBytes(580_000),
    );
  }
}
