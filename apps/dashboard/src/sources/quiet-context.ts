/** Of what the dashboard looks at by itself: its pages say what was found. */
import {
  type BackupPlan,
  type Clock,
  noProgress,
  type OperationContext,
  silentLogger,
} from '@gofr-backup/model';

export const quietContext = (
  facts: { plan: BackupPlan; clock: Clock },
  signal = new AbortController().signal,
): OperationContext => ({
  ...facts,
  ...{ logger: silentLogger, progress: noProgress, owner: 'the dashboard', signal },
});
