/** Jobs that have ended are remembered in the state directory, also by a worker that is there for one command. */
import { type BackupPlan, type Logger } from '@gofr-backup/model';
import { type Ended, rememberJob } from '@gofr-backup/queue';

export interface Remembering {
  /** after the last attempt of a job */
  ended(job: Ended): void;
  /** resolves when all of them are written */
  stop(): Promise<void>;
}

export function startRemembering(plan: BackupPlan, logger: Logger): Remembering {
  let writing: Promise<void> = Promise.resolve();
  return {
    ended({ id, summary }) {
      writing = writing
        .then(() => rememberJob(plan, summary))
        .catch((error: unknown) => logger.warn({ jobId: id, err: error }, 'job not remembered'));
    },
    stop: () => writing,
  };
}
