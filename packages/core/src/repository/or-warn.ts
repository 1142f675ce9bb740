import type { Logger } from '@gofr-backup/model';
import { isErrno } from '@gofr-backup/posix';

/**
 * Runs a step of tidying up. Files of another user, or a mount, must not prevent a backup or a restore: they stay,
 * with a warning. Any other failure is thrown.
 */
export async function orWarn(logger: Logger, path: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'EBUSY', 'EXDEV')) throw error;
    const why = (error as Error).message;
    logger.warn({ path, why }, 'leftovers that are not ours to remove were left where they are');
  }
}
