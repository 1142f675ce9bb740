/**
 * The worker's own schedule of last resort. Redis has been away for long, no scheduler reaches this worker, and the newest good
 * backup is older than it may be: the backup is made without the queue, under the same lock, as recovery commands work.
 */
import { randomBytes } from 'node:crypto';
import { maxAgeOf, type Settings } from '@gofr-backup/config';
import { backup, list, newestGood } from '@gofr-backup/core';
import { MINUTE, type OperationContext, toBackupError } from '@gofr-backup/model';
import { type Connection, rememberJob } from '@gofr-backup/queue';

interface LastResortTimes {
  /** ms between two looks */
  every: number;
  /** ms that Redis must have been away */
  after: number;
  /** ms until the next try, when one was made */
  again: number;
}

const TIMES: LastResortTimes = { every: MINUTE, after: 30 * MINUTE, again: 60 * MINUTE };

export function startLastResort(
  settings: Settings,
  connection: Connection,
  context: OperationContext,
  { every, after, again }: LastResortTimes = TIMES,
): { stop(): Promise<void> } {
  const { clock, logger, signal } = context;
  let reachedAt = clock.monotonic();
  let notBefore = 0;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const now = clock.monotonic();
    if (connection.client.status === 'ready') reachedAt = now;
    if (now - reachedAt < after || now < notBefore || !(await isOverdue(settings, context))) return;
    notBefore = now + again;
    logger.warn({}, 'Redis has been away for long and the backup is overdue: it is made without the queue');
    await backUp(context);
  };
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => logger.error({ err: error }, 'the backup without the queue failed'))
      .finally(() => (looking = undefined));
  }, every);
  if (!settings.enabled || signal.aborted) clearInterval(timer);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
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

/** Remembered with the jobs, as what commands do by themselves. */
async function backUp(context: OperationContext): Promise<void> {
  const { plan, clock, logger } = context;
  const started = clock.now();
  const payload = { trigger: 'schedule' } as const;
  const job = { id: `backup-${randomBytes(4).toString('hex')}`, name: 'backup', payload, by: 'the worker' };
  const facts = { ...job, scheduled: true, attempt: 1, created: started, started };
  try {
    const result = await backup(context, payload);
    logger.info({ backup: result.backup.filename }, 'backup made without the queue');
    await rememberJob(plan, { ...facts, state: 'completed', finished: clock.now(), result });
  } catch (thrown) {
    const { code, message, why, hint } = toBackupError(thrown, 'backup');
    logger.error({ code, why, hint }, `without the queue: ${message}`);
    const error = { code, message, why, hint };
    await rememberJob(plan, { ...facts, state: 'failed', finished: clock.now(), error });
  }
}
