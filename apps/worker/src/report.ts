/** The facts about this worker that must outlive it: kept in Redis, watched by the schedulers. */
import { stat, statfs } from 'node:fs/promises';
import {
  list,
  liveServerHint,
  liveServerText,
  lookLocally,
  newestGood,
  sharedDisk,
  storeState,
} from '@gofr-backup/core';
import { isErrno, type OperationContext, type StorePlan } from '@gofr-backup/model';
import {
  type Connection,
  type Ended,
  readReport,
  type Result,
  type WorkerReport,
  writeReport,
} from '@gofr-backup/queue';

type News = Parameters<typeof writeReport>[2];

export interface ReporterOptions {
  connection: Connection;
  context: OperationContext;
  /** where copies go */
  stores: readonly StorePlan[];
  interval?: number;
}

export interface Reporter {
  /** after the last attempt of a job */
  ended(job: Ended): void;
  stop(): Promise<void>;
}

const INTERVAL = 30_000;

/** A report that cannot be written is left out: the last report's age shows it. */
export function startReporter({
  connection,
  context,
  stores,
  interval = INTERVAL,
}: ReporterOptions): Reporter {
  const { clock, logger, plan } = context;
  let writing: Promise<void> = Promise.resolve();
  const write = (news: () => News | Promise<News>): void => {
    writing = writing.then(async () => {
      if (connection.client.status !== 'ready') return;
      await writeReport(connection, plan.project, { seen_at: iso(clock.now()), ...(await news()) });
    });
    writing = writing.catch((error: unknown) => logger.debug({ err: error }, 'report could not be written'));
  };
  const directoryNews = async (): Promise<News> =>
    backupDirNews({ context, stores }, await readReport(connection, plan.project));
  const timer = setInterval(write, interval, () => ({}));
  const begin = (): void => write(directoryNews);
  if (connection.client.status === 'ready') begin();
  connection.client.on('ready', begin);
  return {
    ended(job) {
      write(async () => ({ ...jobNews(job, iso(clock.now())), ...(await directoryNews()) }));
    },
    async stop() {
      clearInterval(timer);
      connection.client.off('ready', begin);
      await writing;
    },
  };
}

const iso = (at: number): string => new Date(at).toISOString();

/** What one job's end changes. */
function jobNews(job: Ended, at: string): News {
  const message = job.ok
    ? undefined
    : job.error.why
      ? `${job.error.message}: ${job.error.why}`
      : job.error.message;
  const end = { ok: job.ok, at, ...(message === undefined ? {} : { message }) };
  switch (job.name) {
    case 'backup': {
      const held = job.ok ? { held: (job.result as Result<'backup'>).pruned?.held } : {};
      return { last_backup: end, ...held };
    }
    case 'prune': {
      const result = job.ok ? (job.result as Result<'prune'>) : undefined;
      return result && !result.dry_run ? { held: result.held } : {};
    }
    case 'drill':
      return { last_drill: drillNews(job, end) };
    default:
      return {};
  }
}

function drillNews(job: Ended, end: { ok: boolean; at: string }): WorkerReport['last_drill'] {
  if (job.result === undefined) return { ...end, backup: (job.payload as { backup: string }).backup };
  const { backup, ok, problems } = job.result as Result<'drill'>;
  return { ...end, ok, backup, ...(ok ? {} : { message: problems.slice(0, 3).join('; ') }) };
}

/** The most names of removed backups that are kept; the oldest are forgotten. */
const MOST_GONE = 50;

async function backupDirNews(
  { context, stores }: Pick<ReporterOptions, 'context' | 'stores'>,
  before: WorkerReport,
): Promise<News> {
  const { backupDir, retention } = context.plan;
  const { backups } = await list(context);
  const present = new Set(backups.map(({ filename }) => filename));
  const damaged = new Set([...(before.gone ?? []), ...(before.corrupt ?? [])]);
  const { bavail, blocks, bsize } = await statfs(backupDir);
  const good = newestGood(backups, retention, context.clock.now());
  return {
    stores: await Promise.all(stores.map((store) => storeState(context, store))),
    newest_good_at: good?.created_at,
    shared_disk: await sharedDisk(context.plan),
    look: good ? undefined : await lookAtData(context),
    data_gone: await goneOf(context, good?.components ?? []),
    corrupt: backups.filter(({ status }) => status === 'corrupt').map(({ filename }) => filename),
    gone: [...damaged].filter((name) => !present.has(name)).slice(-MOST_GONE),
    disk: { free: bavail * bsize, size: blocks * bsize },
  };
}

/** A person who has just set it up wants to know whether all is in place. */
async function lookAtData(context: OperationContext): Promise<WorkerReport['look']> {
  const { uid, components, servers, lacks } = await lookLocally(context);
  return {
    ...(uid === undefined ? {} : { uid }),
    components: [...components],
    servers: servers.map((live) => ({ text: liveServerText(live), hint: liveServerHint(live) })),
    lacks: [...lacks],
  };
}

/** Of the components that the newest good backup has, those whose directories do not exist any more. */
async function goneOf({ plan }: OperationContext, held: readonly string[]): Promise<string[]> {
  const gone: string[] = [];
  for (const { name, root } of plan.components)
    if (held.includes(name) && !(await mayExist(root))) gone.push(name);
  return gone;
}

/** What may not be looked at is not known to be gone. */
const mayExist = (root: string): Promise<boolean> =>
  stat(root).then(
    () => true,
    (error: unknown) => !isErrno(error, 'ENOENT', 'ENOTDIR'),
  );
