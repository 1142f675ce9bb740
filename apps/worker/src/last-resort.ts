/**
 * The worker's own schedule of last resort. Redis has been away, silent or refusing for long, no scheduler reaches this worker, and the newest good
 * backup is older than it may be: the backup is made without the queue, under the same lock, as recovery commands work.
 */
import { maxAgeOf, type Settings } from '@gofr-backup/config';
import { backup, list, newestGood } from '@gofr-backup/core';
import { MINUTE, type OperationContext, toBackupError } from '@gofr-backup/model';
import { type Connection, type Ended, newJobId, reachOf, repeat } from '@gofr-backup/queue';

interface LastResortTimes {
  /** ms between two looks */
  every: number;
  /** ms that Redis must have been out of reach */
  after: number;
  /** ms until the next try, when one was made */
  again: number;
}

const TIMES: LastResortTimes = { every: MINUTE, after: 30 * MINUTE, again: 60 * MINUTE };

export interface LastResortOptions {
  settings: Settings;
  connection: Connection;
  context: OperationContext;
  /** told of what was made, as of a job of the queue */
  ended(job: Ended): void;
  times?: LastResortTimes;
}

export function startLastResort(options: LastResortOptions): { stop(): Promise<void> } {
  const { settings, connection, context, ended } = options;
  const { every, after, again } = options.times ?? TIMES;
  const { clock, logger } = context;
  const reach = reachOf(connection, context.plan.project, clock);
  let notBefore = 0;
  const look = async (): Promise<void> => {
    if (reach.look() < after || clock.monotonic() < notBefore || !(await isOverdue(settings, context)))
      return;
    notBefore = clock.monotonic() + again;
    logger.warn({}, 'Redis was of no use for long and the backup is overdue: it is made without the queue');
    const job = await backUp(context);
    if (job) ended(job);
  };
  return repeat(every, () =>
    look().catch((error: unknown) => logger.error({ err: error }, 'the backup without the queue failed')),
  );
}

/** Also when there is none. */
async function isOverdue(settings: Settings, context: OperationContext): Promise<boolean> {
  const { plan, clock } = context;
  const now = clock.now();
  const { backups } = await list(context);
  const good = newestGood(backups, plan.retention, now);
  const made = Date.parse(good?.created_at ?? good?.timestamp ?? '');
  return Number.isNaN(made) || now - made > maxAgeOf(settings, now);
}

/** Undefined: another operation holds the lock, or this worker stops, which is no failure of a backup. */
async function backUp(context: OperationContext): Promise<Ended | undefined> {
  const { clock, logger, signal } = context;
  const started = clock.now();
  const payload = { trigger: 'schedule' } as const;
  const job = { id: newJobId('backup'), name: 'backup', payload };
  const facts = { ...job, by: 'the worker', scheduled: true, attempt: 1, created: started, started };
  try {
    const result = await backup(context, payload);
    logger.info({ backup: result.backup.filename }, 'backup made without the queue');
    const summary = { ...facts, state: 'completed', finished: clock.now(), result } as const;
    return { ...job, summary, ok: true, result };
  } catch (thrown) {
    const error = toBackupError(thrown, 'backup');
    const { message, ...words } = error.words;
    logger.error(words, `without the queue: ${message}`);
    if (error.code === 'BUSY' || signal.aborted) return undefined;
    const summary = { ...facts, state: 'failed', finished: clock.now(), error: error.words } as const;
    return { ...job, summary, ok: false, error };
  }
}
