import { BackupError, type OperationContext, toBackupError } from '@gofr-backup/model';
import {
  type HeldLock,
  keepReserveFile,
  openRepository,
  type Repository,
  withLock,
} from '../repository/index.ts';
import { recoverInterrupted } from './recover.ts';

export type { Repository } from '../repository/index.ts';

/** The repository of the plan's backup directory. Apps open it only by this function. */
export function repositoryOf({
  plan,
  clock,
  logger,
}: Pick<OperationContext, 'plan' | 'clock' | 'logger'>): Promise<Repository> {
  const { backupDir, keyDir, project, prefix, timezone } = plan;
  const { unverifiedIsGood } = plan.retention;
  const keys = keyDir === undefined ? {} : { keyDir };
  return openRepository({ backupDir, ...keys, project, prefix, timezone, clock, logger, unverifiedIsGood });
}

/**
 * Runs `work` under the lock, after leftovers of an earlier run were recovered and swept. Inside an operation that
 * holds the lock it runs at once, as a step of that operation. The manifest is written at the end. The context that
 * `work` gets is cancelled when the lock is lost.
 */
export async function underLock<T>(
  ctx: OperationContext,
  operation: string,
  work: (repository: Repository, ctx: OperationContext, lock: HeldLock) => Promise<T>,
): Promise<T> {
  try {
    const repository = await repositoryOf(ctx);
    return await withLock(repository, { owner: ctx.owner, operation, ports: ctx }, async (lock) => {
      const inner = { ...ctx, signal: AbortSignal.any([ctx.signal, lock.signal]) };
      try {
        if (!lock.reentrant) await settleLeftovers(repository, inner, lock, operation);
        return await repository.step(() => work(repository, inner, lock));
      } catch (error) {
        // When the loss of the lock was the cause, that is the error.
        throw lock.signal.aborted ? lock.signal.reason : error;
      } finally {
        if (!lock.reentrant && !lock.readOnly) await keepReserveFile(repository.stateDir);
      }
    });
  } catch (error) {
    throw toBackupError(error, operation);
  }
}

/** Operations that read backups only: data between old and new does not concern them. */
const WITHOUT_DATA = new Set(['verify', 'drill', 'rebuild']);

async function settleLeftovers(
  repository: Repository,
  ctx: OperationContext,
  lock: HeldLock,
  operation: string,
): Promise<void> {
  if (lock.readOnly) return;
  await recoverInterrupted(ctx).catch((error: unknown) => {
    if (!WITHOUT_DATA.has(operation) || !(error instanceof BackupError)) throw error;
    ctx.logger.warn({ why: error.why, hint: error.hint }, error.message);
  });
  const removed = await repository.sweep();
  if (removed.length > 0) ctx.logger.info({ removed }, 'removed leftovers of an interrupted run');
}
