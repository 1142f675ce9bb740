/** Asks for a copy to every store after a good backup, and once when the worker starts. */
import type { Logger, StorePlan } from '@gofr-backup/model';
import {
  type Connection,
  type Ended,
  enqueue,
  type KeySource,
  openQueue,
  type Result,
  within,
} from '@gofr-backup/queue';

export interface Copying {
  /** after the last attempt of a job */
  ended(job: Ended): void;
  stop(): Promise<void>;
}

export interface CopyingOptions {
  project: string;
  stores: readonly StorePlan[];
  connection: Connection;
  key: KeySource;
  logger: Logger;
  /** what an earlier worker did not come to is asked for at the start */
  atStart: boolean;
}

/** Redis may be away for as long as it likes: the next good backup asks again, for what is missing then. */
const REDIS_MAY_TAKE = 5000;

export function startCopying(options: CopyingOptions): Copying {
  const { project, stores, connection, key, logger, atStart } = options;
  if (stores.length === 0) return { ended() {}, stop: () => Promise.resolve() };
  const queue = openQueue(project, connection, { kind: 'copies', key, logger });
  let asking: Promise<unknown> = Promise.resolve();
  const ask = (): void => {
    asking = asking.then(() => within(REDIS_MAY_TAKE, Promise.all(stores.map(askFor)))).catch(told);
  };
  const askFor = async ({ name: store }: StorePlan): Promise<void> => {
    const { id, joined } = await enqueue(queue, 'copy', { store, ifAny: true, trigger: 'schedule' });
    logger.info({ store, jobId: id, joined }, 'copy queued');
  };
  const told = (error: unknown): void => logger.warn({ err: error }, 'no copy could be asked for');
  if (atStart) ask();
  return {
    ended(job) {
      const isGood =
        job.ok && job.name === 'backup' && (job.result as Result<'backup'>).backup.status !== 'incomplete';
      if (isGood) ask();
    },
    async stop() {
      await asking;
      await queue.close();
    },
  };
}
