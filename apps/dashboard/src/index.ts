/** The dashboard: one page that says whether the data is safe, and what stands behind it. */
import { once } from 'node:events';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { describeSettings, maxCopyAges, planFrom, type Settings } from '@gofr-backup/config';
import { repositoryOf } from '@gofr-backup/core';
import { BackupError, type Clock, type Logger, systemClock, toBackupError } from '@gofr-backup/model';
import { archivesOf } from './sources/archives.ts';
import { cachedCatalogue } from './sources/catalogue.ts';
import { linkQueue } from './sources/link.ts';
import { searchOf } from './sources/search.ts';
import { observer } from './sources/state.ts';
import { trashOf } from './sources/trash.ts';
import { workOf } from './sources/work.ts';
import { isLoopback, type Rights } from './web/access.ts';
import { createApp } from './web/app.ts';
import { loadAssets } from './web/assets.ts';
import { clientReader } from './web/client.ts';
import { hashLine, passwordCheck } from './web/password.ts';

export { hashLine };

export interface StartOptions {
  logger: Logger;
  signal?: AbortSignal;
  clock?: Clock;
}

export interface RunningDashboard {
  /** e.g. `http://127.0.0.1:3900/` */
  url: string;
  stop(): Promise<void>;
}

/** Throws CONFIG when it would be open to others without a password, IO when the port is taken. */
export async function start(settings: Settings, options: StartOptions): Promise<RunningDashboard> {
  const { logger, signal, clock = systemClock } = options;
  const rights = await rightsOf(settings);
  const plan = planFrom(settings);
  const { project } = plan;
  const repository = await repositoryOf({ plan, clock, logger });
  const { redisUrl, otlpUrl } = settings;
  const link = await linkQueue({ plan, redisUrl, otlpUrl, logger });
  const work = workOf(link.current, plan);
  const catalogue = cachedCatalogue(repository, clock);
  const closing = new AbortController();
  const app = createApp({
    ...{ project, rights, clock, logger, catalogue, work },
    readClient: clientReader(settings.dashboardTrustProxy),
    queuesWritable: settings.dashboardQueuesWritable,
    restoreCommand: settings.dashboardRestoreCommand,
    restoreRoots: settings.restoreRoots,
    settings: settingGroups(settings),
    assets: await loadAssets(),
    archives: archivesOf(repository, { clock, logger, engine: plan.codec.engine }),
    search: searchOf({ plan, clock }),
    trash: trashOf({ plan, clock }),
    hasRedisUrl: redisUrl !== undefined,
    observer: observer(rulesOf(settings), catalogue, work, clock),
    queues: link.current,
    closing: closing.signal,
  });
  const server = createAdaptorServer({
    fetch: (request, env) => app.fetch(withoutBase(request, rights.base), env),
  });
  try {
    await listen(server, settings.dashboardPort, settings.dashboardHost);
  } catch (error) {
    await link.close();
    throw error;
  }
  const url = addressOf(server, rights.base);
  logger.info(
    { url, readOnly: rights.readOnly, login: rights.checkPassword !== undefined },
    'dashboard is up',
  );
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= shutDown(server, closing, link.close));
  signal?.addEventListener('abort', () => void stop(), { once: true });
  return { url, stop };
}

async function rightsOf(settings: Settings): Promise<Rights> {
  const { dashboardHost: host, dashboardPassword: password } = settings;
  if (password === undefined && !isLoopback(host)) {
    throw new BackupError('CONFIG', `The dashboard may not listen on ${host} without a password`, {
      why: 'DASHBOARD_PASSWORD is unset, and everybody who reaches that address could read and start backups',
      hint: 'Set DASHBOARD_PASSWORD or DASHBOARD_PASSWORD_FILE, or leave DASHBOARD_HOST at 127.0.0.1.',
    });
  }
  return {
    checkPassword: password === undefined ? undefined : await passwordCheck(password),
    token: settings.dashboardToken,
    metricsToken: settings.metricsToken,
    readOnly: settings.dashboardReadOnly,
    base: settings.dashboardBasePath.replace(/\/+$/, ''),
  };
}

function rulesOf(settings: Settings) {
  const { schedule: pattern, timezone, enabled, drillSchedule, maxAgeHours } = settings;
  return {
    plan: planFrom(settings),
    schedule: { pattern, timezone, enabled },
    drillSchedule,
    stores: settings.stores.map(({ name }) => ({ name })),
    maxAgeHours,
    maxCopyAge: maxCopyAges(settings, systemClock.now()),
  };
}

function settingGroups(settings: Settings) {
  const groups = Map.groupBy(describeSettings(settings), ({ group }) => group);
  return [...groups].map(([name, members]) => ({
    name,
    rows: members.map(({ name, value, source, meaning }) => ({
      ...{ name, source, meaning, value: value ?? '' },
      changed: source !== 'default',
    })),
  }));
}

/** A proxy may leave the path it serves us under in the address or take it away; both are understood. */
function withoutBase(request: Request, base: string): Request {
  if (base === '') return request;
  const url = new URL(request.url);
  if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) return request;
  url.pathname = url.pathname.slice(base.length) || '/';
  return new Request(url, request);
}

async function listen(server: ServerType, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (thrown) {
    const { message, why } = toBackupError(thrown, `Listening on ${host} port ${port}`);
    const hint = 'Set DASHBOARD_PORT or DASHBOARD_HOST to one that is free on this machine.';
    throw new BackupError('IO', message, { why, hint, cause: thrown });
  }
}

function addressOf(server: ServerType, base: string): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${base}/`;
}

async function shutDown(
  server: ServerType,
  closing: AbortController,
  closeLink: () => Promise<void>,
): Promise<void> {
  closing.abort();
  const closed = once(server, 'close');
  server.close();
  if ('closeAllConnections' in server) server.closeAllConnections();
  await closed;
  await closeLink();
}
