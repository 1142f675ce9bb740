/** A queue that a command can ask, and what it may have brought up for it. */
import type { BackupQueue, QueueKind } from '@gofr-backup/queue';

export interface ReachedQueue extends AsyncDisposable {
  queue: BackupQueue;
  /** true: brought up for this command alone, with its own worker */
  own: boolean;
  /** own: aborted when its job has ended */
  ended?: AbortSignal;
}

export interface PrivateService extends AsyncDisposable {
  /** One at a time. Disposing of it leaves the service. */
  reach(kind: QueueKind): Promise<ReachedQueue>;
}
