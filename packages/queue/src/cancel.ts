import { QueueEventsProducer, type QueueEventsListener } from 'bullmq';
import { BackupError } from '@gofr-backup/model';
import { askRedis } from './connection.ts';
import { isDueLater } from './enqueue.ts';
import { bullConnection, KEY_PREFIX, type BackupQueue } from './queue.ts';

export const CANCEL_EVENT = 'cancel';

export interface CancelEvents extends QueueEventsListener {
  cancel: (args: { jobId: string; reason?: string }) => void;
}

/**
 * `removed`: it had not begun, and is gone. `asked`: its worker was told; the job ends as CANCELLED.
 * `finished`: too late. Throws NO_SUCH_JOB, and USAGE for a schedule's next run. `reason`: e.g. `from the page`.
 */
export async function cancel(
  queue: BackupQueue,
  jobId: string,
  reason?: string,
): Promise<'removed' | 'asked' | 'finished'> {
  return askRedis(queue.connection, async () => {
    const job = await queue.bull.getJob(jobId);
    if (!job) throw new BackupError('NO_SUCH_JOB', `No job has the id ${jobId}`);
    if (job.finishedOn) return 'finished';
    if (!(await job.isActive())) {
      if (job.repeatJobKey && isDueLater(job)) {
        throw new BackupError('USAGE', `${jobId} is the schedule's next run`, {
          hint: 'Change the schedule, or set ENABLED=false.',
        });
      }
      // The removal fails when a worker has just taken the job. That worker is told instead.
      const removed = await job.remove().then(
        () => true,
        () => false,
      );
      if (removed) return 'removed';
    }
    await publishCancel(queue, jobId, reason);
    return 'asked';
  });
}

async function publishCancel(queue: BackupQueue, jobId: string, reason: string | undefined): Promise<void> {
  const producer = new QueueEventsProducer(queue.bull.name, {
    connection: bullConnection(queue.connection),
    prefix: KEY_PREFIX,
  });
  producer.on('error', () => {});
  try {
    await producer.publishEvent({ eventName: CANCEL_EVENT, jobId, ...(reason ? { reason } : {}) });
  } finally {
    await producer.close();
  }
}
