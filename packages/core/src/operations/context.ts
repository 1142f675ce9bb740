import type { HeldLock } from '../repository/lock.ts';
import type { Repository } from '../repository/repository.ts';
import type { OperationContext } from './types.ts';

/** The repository of the plan's backup directory. */
export function repositoryOf(_ctx: OperationContext): Promise<Repository> {
  throw new Error('not yet');
}

/**
 * Runs `work` under the lock, after what an earlier run left behind was recovered and swept; inside an operation that
 * already holds the lock it runs at once. The context handed on is cancelled when the lock is lost.
 */
export function underLock<T>(
  _ctx: OperationContext,
  _operation: string,
  _work: (repository: Repository, ctx: OperationContext, lock: HeldLock) => Promise<T>,
): Promise<T> {
  throw new Error('not yet');
}
