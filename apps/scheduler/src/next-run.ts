import { formatTime, type Logger } from '@gofr-backup/model';
import { type BackupQueue, queueStatus } from '@gofr-backup/queue';

/** Says when each schedule is due next, in its own zone and in UTC. */
export async function sayNextRuns(queue: BackupQueue, logger: Logger, only?: string): Promise<void> {
  const { next } = await queueStatus(queue);
  for (const { schedule, at, timezone } of next) {
    if (only !== undefined && schedule !== only) continue;
    logger.info(
      { schedule, local: `${formatTime(at, timezone)} ${timezone}`, utc: new Date(at).toISOString() },
      'next run',
    );
  }
}
