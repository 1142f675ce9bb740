/** Tells a watching service (healthchecks.io and its like) that scheduled backups begin and how they end. */
import type { Logger } from '@gofr-backup/model';
import { ping, type Beat } from '@gofr-backup/notify';
import type { Ended, Processors } from '@gofr-backup/queue';

export interface Pings {
  /** The processors, with a ping before a scheduled backup's first attempt. */
  around(processors: Processors): Processors;
  /** after the last attempt of a job */
  ended(job: Ended): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** Without a URL nothing is sent. A ping that fails is a log line; it never delays or fails a backup. */
export function startPings(url: string | undefined, logger: Logger): Pings {
  let sending: Promise<void> = Promise.resolve();
  const send = (beat: Beat, text = ''): void => {
    if (url === undefined) return;
    sending = sending.then(async () => {
      const reason = await ping(url, beat, text);
      if (reason !== undefined) logger.warn({ beat, reason }, 'heartbeat ping was not accepted');
    });
  };
  return {
    around: (processors) => ({
      ...processors,
      backup(run) {
        if (run.payload.trigger === 'schedule' && run.attempt === 1) send('start');
        return processors.backup(run);
      },
    }),
    ended(job) {
      if (job.name !== 'backup' || (job.payload as { trigger?: string }).trigger !== 'schedule') return;
      if (job.ok) send('success');
      else send('fail', [job.error.message, job.error.why, job.error.hint].filter(Boolean).join('\n'));
    },
    stop: () => sending,
  };
}
