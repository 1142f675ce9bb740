/**
 * Makes the job schedulers in Redis those that are wanted, and loses no run by it. BullMQ drops a run that is due but
 * has not begun when its scheduler is written again, even with the same values: so only what differs is written, and a
 * run that writing would drop is queued on its own first.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Job, JobSchedulerJson } from 'bullmq';
import { CronExpressionParser } from 'cron-parser';
import type { Clock, Logger } from '@gofr-backup/model';
import { type BackupQueue, removeWrongKeys } from '@gofr-backup/queue';
import type { Schedule } from './schedules.ts';

export interface ReconcileOptions {
  queue: BackupQueue;
  wanted: readonly Schedule[];
  logger: Logger;
  clock: Clock;
  /**
   * `all`: as the settings say. `repair`: only what is missing or stands still, so that schedulers with different
   * settings (two versions during a deployment) do not undo each other's work for ever.
   */
  scope: 'all' | 'repair';
}

export async function reconcile(options: ReconcileOptions): Promise<void> {
  const { queue, wanted, logger, scope } = options;
  await removeWrongKeys(queue, logger);
  // lost with the schedules when Redis was emptied
  if ((await queue.bull.getGlobalConcurrency()) !== 1) await queue.bull.setGlobalConcurrency(1);
  const present = new Map((await queue.bull.getJobSchedulers()).map((one) => [one.key, one]));
  if (scope === 'all') await removeUnwanted(options, [...present.keys()]);
  for (const schedule of wanted) {
    const found = present.get(schedule.id);
    const pending = found && (await pendingRun(queue, found));
    const reason = reasonToWrite(options, schedule, found, pending);
    if (reason === undefined) continue;
    if (found) await saveMissedRun(options, schedule, found, pending);
    await write(queue, schedule);
    logger.info(
      { schedule: schedule.id, pattern: schedule.pattern, timezone: schedule.timezone, reason },
      'schedule set',
    );
  }
}

function reasonToWrite(
  { scope, clock }: ReconcileOptions,
  schedule: Schedule,
  found: JobSchedulerJson | undefined,
  pending: Job | undefined,
): string | undefined {
  if (!found) return 'new';
  if (!pending) return 'stood still';
  if (scope === 'all' && !isSame(found, schedule)) return 'changed';
  if (isFarOff(found, schedule, clock.now())) return 'too far off';
  return undefined;
}

/**
 * Whether a run was set up while the clock was wrong (a machine that boots in another year) and would come far too
 * late. A run due after the next but one is such a run. Comparing with the next run alone would mistake small
 * differences between two hosts for it.
 */
function isFarOff({ next = 0 }: JobSchedulerJson, { pattern, timezone }: Schedule, now: number): boolean {
  const due = CronExpressionParser.parse(pattern, { currentDate: new Date(now), tz: timezone });
  due.next();
  return next > due.next().getTime();
}

async function removeUnwanted({ queue, wanted, logger }: ReconcileOptions, present: string[]): Promise<void> {
  for (const id of present.filter((key) => !wanted.some((schedule) => schedule.id === key))) {
    await queue.bull.removeJobScheduler(id);
    logger.info({ schedule: id }, 'schedule removed');
  }
}

async function write({ bull }: BackupQueue, schedule: Schedule): Promise<void> {
  const { id, job, pattern, timezone, payload, options } = schedule;
  await bull.upsertJobScheduler(id, { pattern, tz: timezone }, { name: job, data: payload, opts: options });
}

/** The fingerprint: all that a schedule consists of, as Redis gives it back. */
function isSame(found: JobSchedulerJson, { job, pattern, timezone, payload, options }: Schedule): boolean {
  const { attempts, backoff, telemetry } = found.template?.opts ?? {};
  return isDeepStrictEqual(
    {
      job: found.name,
      pattern: found.pattern,
      timezone: found.tz,
      payload: found.template?.data,
      attempts,
      backoff,
      telemetry,
    },
    { job, pattern, timezone, payload, ...options },
  );
}

/** The job that keeps the schedule going; undefined when it was removed, or ended without setting up the next job. */
async function pendingRun({ bull }: BackupQueue, { key, next }: JobSchedulerJson): Promise<Job | undefined> {
  const job = (await bull.getJob(`repeat:${key}:${next}`)) as Job | undefined;
  return job && job.finishedOn === undefined ? job : undefined;
}

/**
 * Queues a missed run. Its name is the same whichever scheduler writes it and however often, so a missed run is made
 * up for once.
 */
async function saveMissedRun(
  { queue, logger, clock }: ReconcileOptions,
  { id, job, payload, options }: Schedule,
  { next = 0 }: JobSchedulerJson,
  pending: Job | undefined,
): Promise<void> {
  if (next > clock.now()) return;
  // It runs, so writing does not drop it; or it ran, and only the run after it was lost.
  if (pending ? await pending.isActive() : await hasRun(queue, id, next)) return;
  await queue.bull.add(job, payload, { ...options, jobId: `late-${id}-${next}` });
  logger.warn({ schedule: id, due: new Date(next).toISOString() }, 'missed run will be made up for');
}

async function hasRun({ bull }: BackupQueue, id: string, due: number): Promise<boolean> {
  return (await bull.getJob(`repeat:${id}:${due}`)) !== undefined;
}
