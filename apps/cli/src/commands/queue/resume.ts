import { BackupError } from '@gofr-backup/model';
import { findQueue } from '../../queue/reach-queue.ts';
import type { Session } from '../../session.ts';

/** Both queues of the project. One that was not paused is no failure. */
export async function run(session: Session): Promise<void> {
  await using reached = await findQueue(session);
  if (reached === undefined) throw nothingToResume();
  const { resumeQueues } = await import('@gofr-backup/queue');
  const { project, connection } = reached.queue;
  const resumed = await resumeQueues(project, connection);
  session.answer({ resumed }, [linesOf(session, resumed)]);
}

const linesOf = ({ paint }: Session, resumed: readonly string[]): string =>
  resumed.length === 0
    ? 'No queue was paused'
    : `${paint.good('✓')} Resumed: ${resumed.join(', ')}. What waited begins as soon as a worker is free`;

const nothingToResume = (): BackupError =>
  new BackupError('REDIS_UNREACHABLE', 'There is no queue', {
    why: 'REDIS_URL is unset, and no `gofr-backup serve` runs on this backup directory',
    hint: 'Start `gofr-backup serve`.',
  });
