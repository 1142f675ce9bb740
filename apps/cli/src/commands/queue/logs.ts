import { BackupError } from '@gofr-backup/model';
import type { Session } from '../../session.ts';
import { findQueue } from '../../queue/reach-queue.ts';

export async function run(session: Session, [id = '']: string[]): Promise<void> {
  const { findJob, jobLogs, queueOfId } = await import('@gofr-backup/queue');
  await using reached = await findQueue(session, { kind: queueOfId(id) });
  const job = reached && (await findJob(reached.queue, id));
  if (!job) {
    throw new BackupError('NO_SUCH_JOB', `No job has the id ${id}`, {
      why: reached
        ? 'the queue does not know it (any more)'
        : 'no service is running, and its queue is gone with it',
    });
  }
  const lines = await jobLogs(reached.queue, id);
  session.answer({ job, lines }, lines.length > 0 ? lines : [`The log of ${id} has no lines`]);
}
