import type { Logger } from '@gofr-backup/model';
import { type BackupQueue, queueStatus } from '@gofr-backup/queue';

/** Says when each schedule is due next, in its own zone and in UTC. */
export async function sayNextRuns(queue: BackupQueue, logger: Logger, only?: string): Promise<void> {
  const { next } = await queueStatus(queue);
  for (const { schedule, at, timezone } of next) {
    if (only !== undefined && schedule !== only) continue;
    logger.info({ schedule, local: localTime(at, timezone), utc: new Date(at).toISOString() }, 'next run');
  }
}

/** `2025-12-14 02:00:00 Europe/Berlin` */
function localTime(at: number, timezone: string): string {
  // Sweden writes dates as ISO 8601 does
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: timezone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return `${format.format(at)} ${timezone}`;
}
