import { formatTime, type Logger } from '@gofr-backup/model';
import { queueStatus } from './history.ts';
import type { BackupQueue } from './queue.ts';

/** Says when each schedule is due next, in its own zone and in UTC; answers whether there was one to say. */
export async function sayNextRuns(queue: BackupQueue, logger: Logger, only?: string): Promise<boolean> {
  const { next } = await queueStatus(queue);
  const told = next.filter(({ schedule }) => only === undefined || schedule === only);
  for (const { schedule, at, timezone } of told)
    logger.info(
      { schedule, local: `${formatTime(at, timezone)} ${timezone}`, utc: new Date(at).toISOString() },
      'next run',
    );
  return told.length > 0;
}
