/** The log that people look at is the worker's (`docker-compose logs backup`), so it says when the next backup is as well. */
import type { Logger } from '@gofr-backup/model';
import { type Connection, type Ended, openQueue, repeat, sayNextRuns } from '@gofr-backup/queue';

export interface NextRuns {
  ended(job: Pick<Ended, 'name'>): void;
  stop(): Promise<void>;
}

/** ms between two looks for the schedule, which a scheduler that starts beside this worker sets up in a moment */
const INTERVAL = 1000;
const LOOKS = 60;

export function startTellingNextRuns(
  { project, enabled }: { project: string; enabled: boolean },
  connection: Connection,
  logger: Logger,
): NextRuns {
  const queue = openQueue(project, connection);
  let looks = enabled ? LOOKS : 0;
  const look = async (): Promise<void> => {
    if (looks <= 0) return;
    looks -= 1;
    // Redis may be away: it is looked at again
    if (await sayNextRuns(queue, logger, 'backup').catch(() => false)) looks = 0;
  };
  const telling = repeat(INTERVAL, look);
  if (!enabled) logger.warn({}, 'backups are switched off (ENABLED=false): nothing is scheduled');
  return {
    ended({ name }) {
      if (name === 'backup' && enabled) looks = LOOKS;
    },
    async stop() {
      await telling.stop();
      await queue.close();
    },
  };
}
