import type { BackupPlan, Clock, OperationContext } from '@gofr-backup/model';
import type { JobName, Run } from '@gofr-backup/queue';

/** What every processor needs beside its run. */
export interface Composition {
  plan: BackupPlan;
  clock: Clock;
}

/** The run's ports as the core wants them; the lock will name the job. */
export function contextOf({ plan, clock }: Composition, run: Run<JobName>): OperationContext {
  const { logger, progress, signal, jobId } = run;
  return { plan, clock, logger, progress, signal, owner: `job ${jobId}` };
}
