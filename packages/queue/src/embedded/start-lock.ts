/** Lets one process at a time start a server in a directory; held for a second or so, never for long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '@gofr-backup/core';
import { BackupError, type Clock, type Logger } from '@gofr-backup/model';

const PATIENCE = 60_000;
const PAUSE = 30;

/** Throws BUSY when the lock cannot be had within a minute. */
export async function whileStarting<T>(
  dir: string,
  { clock, logger }: { clock: Clock; logger: Logger },
  work: () => Promise<T>,
): Promise<T> {
  const deadline = clock.monotonic() + PATIENCE;
  const options = { owner: 'embedded Redis', operation: 'start', ports: { clock, logger } };
  for (;;) {
    let began = false;
    try {
      return await withLock(dir, options, () => ((began = true), work()));
    } catch (error) {
      const isBusy = error instanceof BackupError && error.code === 'BUSY';
      if (began || !isBusy) throw error;
      if (clock.monotonic() > deadline) throw tooLong(dir, error);
    }
    await sleep(PAUSE);
  }
}

const tooLong = (dir: string, busy: BackupError): BackupError =>
  new BackupError('BUSY', 'Another process has been starting the embedded Redis for a minute', {
    why: `${busy.why} (${dir})`,
    hint: 'Look for a hanging gofr-backup process.',
  });
