import { maxAgeOf } from '@gofr-backup/config';
import {
  freeSpace,
  type LastRun,
  list,
  lockHolder,
  newestGood,
  type Safety,
  type StoreFacts,
  type StoreProblem,
  safety,
  sharedDisk,
  stateDirOf,
  survey,
  trashed,
} from '@gofr-backup/core';
import {
  BackupError,
  type Catalogue,
  type CatalogueEntry,
  formatCount,
  formatDuration,
  formatSize,
  formatSpan,
  formatTime,
  type StoreState,
  systemClock,
} from '@gofr-backup/model';
import type { JobSummary, QueueKind, QueueStatus } from '@gofr-backup/queue';
import { reportError } from '../errors.ts';
import { noteAside } from '../note-aside.ts';
import type { Session } from '../session.ts';
import { findQueue, isOfRedis } from '../queue/reach-queue.ts';
import { columns } from '../columns.ts';
import { storeFacts } from '../store/store-facts.ts';
import type { Trash } from '../lines/trash-lines.ts';

const MOST_JOBS = 10;

interface QueueView {
  status: QueueStatus;
  /** newest first */
  jobs: JobSummary[];
}

/** Prints all that can be found out. When the configured Redis is missing, it ends with that error's exit code. */
export async function run(session: Session): Promise<number> {
  const { settings, plan } = session;
  const queue = await queueView(session).catch((error: unknown) => {
    if (isOfRedis(error)) return error;
    throw error;
  });
  const { project: _, backups, summary, ...aside } = await list(session.context('status'));
  const view = queue instanceof BackupError ? undefined : queue;
  const jobs = await jobsOf(session, view);
  const good = newestGood(backups, plan.retention, systemClock.now());
  const newest = good && { filename: good.filename, age_seconds: ageOf(good) };
  const stores = await storeFacts(session, { ask: false });
  const document = {
    project: settings.project,
    enabled: settings.enabled,
    service: { running: (view?.status.workers ?? 0) > 0, workers: view?.status.workers ?? 0 },
    queue: view ? queueOf(view) : null,
    next_run: view?.status.next.find(({ job }) => job === 'backup') ?? null,
    last_run: jobs.find(({ name, finished }) => name === 'backup' && finished !== undefined) ?? null,
    recent_jobs: jobs,
    newest_good: newest ?? null,
    safety: briefly(judge(session, backups, { view, stores, shared: await sharedDisk(plan) })),
    backups: { total: summary.total, disk_bytes: summary.disk_bytes },
    stores: stores.map(({ state, problems }) => ({
      ...state,
      problems,
    })),
    trash: trashOf(await trashed(session.context('status'))),
    ...aside,
    disk: { backup_dir: plan.backupDir, free_bytes: (await freeSpaceOf(plan.backupDir)) ?? null },
    lock: (await lockHolder(stateDirOf(plan.backupDir))) ?? null,
    ...(queue instanceof BackupError
      ? { error: { code: queue.code, message: queue.message, hint: queue.hint } }
      : {}),
  };
  session.answer(document, render(session, document));
  noteAside(session, aside);
  if (!session.json) noteUnusable(session, document);
  if (!(queue instanceof BackupError)) return 0;
  return session.json ? queue.exit : reportError(queue, false, session.screen);
}

async function queueView(session: Session): Promise<QueueView | undefined> {
  await using reached = await findQueue(session);
  if (reached === undefined) return undefined;
  const { listJobs, queueStatus } = await import('@gofr-backup/queue');
  const jobs = await listJobs(reached.queue, { limit: MOST_JOBS });
  return { status: await queueStatus(reached.queue), jobs };
}

const queueOf = ({ status, jobs }: QueueView): NonNullable<Document['queue']> => ({
  counts: status.counts,
  paused: status.paused,
  jobs,
  unusable: status.unusable,
});

/** Also those that no queue knows (any more), newest first. */
async function jobsOf({ plan }: Session, view: QueueView | undefined): Promise<JobSummary[]> {
  const { withPastJobs } = await import('@gofr-backup/queue/past-jobs');
  return withPastJobs(plan, view?.jobs ?? [], MOST_JOBS);
}

function ageOf(entry: CatalogueEntry): number | null {
  const made = Date.parse(entry.created_at ?? entry.timestamp);
  return Number.isNaN(made) ? null : Math.max(0, Math.round((systemClock.now() - made) / 1000));
}

async function freeSpaceOf(directory: string): Promise<number | undefined> {
  try {
    return await freeSpace(directory);
  } catch {
    return undefined;
  }
}

type Document = {
  project: string;
  enabled: boolean;
  service: { running: boolean; workers: number };
  queue: (Pick<QueueStatus, 'counts' | 'paused' | 'unusable'> & { jobs: JobSummary[] }) | null;
  next_run: QueueStatus['next'][number] | null;
  last_run: JobSummary | null;
  recent_jobs: JobSummary[];
  newest_good: { filename: string; age_seconds: number | null } | null;
  backups: { total: number; disk_bytes: number };
  /** `next_goes_at`: when the first of it may be deleted for good */
  safety: Pick<Safety, 'level' | 'headline' | 'sentence'> & {
    problems: Pick<Safety['problems'][number], 'level' | 'code' | 'text' | 'todo'>[];
  };
  trash: { total: number; size_bytes: number; next_goes_at: string | null };
  stores: (StoreState & { problems: readonly StoreProblem[] })[];
  disk: { backup_dir: string; free_bytes: number | null };
  lock: { operation: string; owner: string; since: string } | null;
};

function render(session: Session, document: Document): string[] {
  const { paint, settings } = session;
  const { queue, recent_jobs, next_run: next, newest_good: newest, lock, disk } = document;
  const { level, headline } = document.safety;
  const say = { safe: paint.good, attention: paint.warn, danger: paint.bad }[level];
  const rows = [
    ['Project', document.project],
    ['Safety', say(headline)],
    ['Service', serviceLine(session, document)],
    ['Queue', queue ? queueLine(session, queue) : paint.dim('none')],
    [
      'Next run',
      next
        ? `${inZone(session, next.at)} (in ${formatSpan(next.at - systemClock.now())})`
        : notScheduled(session, document),
    ],
    ['Last run', document.last_run ? runLine(session, document.last_run) : 'none known'],
    ['Newest good', newest ? newestLine(newest) : paint.bad('none')],
    [
      'Backups',
      `${document.backups.total}, ${formatSize(document.backups.disk_bytes)} in ${disk.backup_dir}`,
    ],
    ...document.stores.map((store) => [`Copies: ${store.store}`, storeLine(session, store)]),
    ...(document.trash.total > 0 ? [['Trash', trashLine(session, document.trash)]] : []),
    [
      'Disk',
      disk.free_bytes === null
        ? paint.bad(`${disk.backup_dir} cannot be looked at`)
        : `${formatSize(disk.free_bytes)} free`,
    ],
    [
      'Busy',
      lock ? `${lock.operation} by ${lock.owner} since ${inZone(session, Date.parse(lock.since))}` : 'no',
    ],
  ];
  const jobs = recent_jobs.map((job) => [
    '  ' + job.id,
    jobState(job),
    inZone(session, job.finished ?? job.started ?? job.created),
  ]);
  const recent = jobs.length === 0 ? [] : ['', `Recent jobs (${settings.timezone}):`, ...columns(jobs)];
  return [...columns(rows), ...recent];
}

/** Records that another program, or a person, wrote into the queue. */
function noteUnusable({ note, colours }: Session, { queue }: Document): void {
  for (const { record, reason } of queue?.unusable ?? [])
    note(`${colours.warn('warning:')} left out of the queue: ${JSON.stringify(record)} ${reason}`);
}

/** The same judgement as the page's. */
function judge(
  { settings, plan }: Session,
  backups: Catalogue,
  { view, stores, shared }: { view: QueueView | undefined; stores: StoreFacts[]; shared: string[] },
): Safety {
  const now = systemClock.now();
  const { timezone, retention, minFree } = plan;
  const found = survey(backups, { timezone, now, unverifiedIsGood: retention.unverifiedIsGood });
  return safety(found, {
    ...{ now, timezone, maxAge: maxAgeOf(settings, now), scheduleEnabled: settings.enabled },
    nextRun: view?.status.next.find(({ job }) => job === 'backup')?.at,
    lastRuns: view && lastRuns(view.jobs),
    workers: view?.status.workers,
    paused: view?.status.paused ?? [],
    copies: stores,
    sharedDisk: shared,
    ...{ missed: [], gone: undefined, disk: undefined, minFree, maxDrillAge: Infinity },
  });
}

/** The newest of each operation that has ended and was not cancelled. */
function lastRuns(jobs: readonly JobSummary[]): LastRun[] {
  const ended = jobs.filter(({ finished, error }) => finished !== undefined && error?.code !== 'CANCELLED');
  return [...Map.groupBy(ended, ({ name }) => name)].map(([operation, [last]]) => ({
    ...{ operation, jobId: last!.id, ok: last!.error === undefined, at: last!.finished! },
    ...(last!.error && { reason: last!.error.message }),
  }));
}

const briefly = ({ level, headline, sentence, problems }: Safety): Document['safety'] => ({
  ...{ level, headline, sentence },
  problems: problems.map(({ level: of, code, text, todo }) => ({ level: of, code, text, todo })),
});

const trashOf = (trash: Trash): Document['trash'] => ({
  total: trash.length,
  size_bytes: trash.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
  next_goes_at: trash.map(({ goes_at }) => goes_at).toSorted()[0] ?? null,
});

function trashLine(session: Session, { total, size_bytes, next_goes_at }: Document['trash']): string {
  const until = next_goes_at === null ? '' : `, the first until ${inZone(session, Date.parse(next_goes_at))}`;
  return `${formatCount(total, 'backup')}, ${formatSize(size_bytes)}${until} (gofr-backup list --trash)`;
}

function storeLine(session: Session, store: Document['stores'][number]): string {
  const { paint } = session;
  const { newest, copies = 0, problems, drilled_at } = store;
  const held =
    newest === undefined
      ? 'none yet'
      : `${formatCount(copies, 'copy', 'copies')}, the newest from ${inZone(session, Date.parse(newest.created_at))}`;
  const drilled =
    drilled_at === undefined ? 'never drilled' : `drilled on ${inZone(session, Date.parse(drilled_at))}`;
  return [
    held,
    ...(newest ? [drilled] : []),
    ...problems.map(({ text, todo }) => paint.bad(`${text} ${todo}`)),
  ].join('; ');
}

const inZone = ({ settings }: Session, at: number): string => formatTime(at, settings.timezone);

function serviceLine({ paint }: Session, { service, queue, enabled }: Document): string {
  if (queue === null) return paint.warn('not running');
  const workers = formatCount(service.workers, 'worker');
  const state = service.running ? paint.good(`running, ${workers}`) : paint.warn('no worker is connected');
  return enabled ? state : `${state}, ${paint.warn('switched off by ENABLED=false: nothing is scheduled')}`;
}

function notScheduled({ settings }: Session, { queue }: Document): string {
  if (!settings.enabled) return 'none, ENABLED is false';
  return queue === null
    ? 'none while no service runs'
    : `none yet, no scheduler has set up ${settings.schedule}`;
}

function queueLine({ paint }: Session, { counts, paused }: NonNullable<Document['queue']>): string {
  if (paused.length === 0) return countsLine(counts);
  return `${countsLine(counts)}; ${paint.warn(pausedText(paused))}`;
}

/** The queue of backups is the one that everybody means. */
const pausedText = (paused: readonly QueueKind[]): string =>
  `${paused.includes('backup') ? 'paused' : 'copies are paused'}: nothing begins until gofr-backup resume`;

const countsLine = (counts: QueueStatus['counts']): string =>
  `${counts.active} running, ${counts.waiting} waiting, ${counts.completed} done, ${counts.failed} failed`;

const newestLine = ({ filename, age_seconds: age }: NonNullable<Document['newest_good']>): string =>
  age === null ? filename : `${filename} (${formatSpan(age * 1000)} old)`;

function runLine(session: Session, job: JobSummary): string {
  const { finished = job.created, started = finished } = job;
  const verdict = job.error ? session.paint.bad(`failed: ${job.error.message}`) : session.paint.good('done');
  return `${inZone(session, finished)}, ${verdict}, took ${formatDuration(finished - started)}`;
}

const jobState = ({ state, error }: JobSummary): string => (error ? `${state}: ${error.message}` : state);
