import type { BackupPlan, Clock, OperationContext, StorePlan } from '@gofr-backup/model';
import type { JobName, Run } from '@gofr-backup/queue';

/** The parts that every processor needs beside its run. */
export interface Composition {
  plan: BackupPlan;
  clock: Clock;
  /** directories that `restore --to` may reach through the queue */
  restoreRoots: readonly string[];
  /** where copies go */
  stores: readonly StorePlan[];
}

/** The operation context for a run. The lock's owner is the job. */
export function contextOf({ plan, clock }: Composition, run: Run<JobName>): OperationContext {
  const { logger, progress, signal, jobId } = run;
  return { plan, clock, logger, progress, signal, owner: `job ${jobId}` };
}
