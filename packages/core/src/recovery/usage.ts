/** A request that does not fit the archive or the settings. */
import { BackupError, type BytePath, displayPath } from '@gofr-backup/model';

export function usage(message: string, why: string): BackupError {
  return new BackupError('USAGE', message, {
    why,
    hint: 'See `gofr-backup restore --help` and `gofr-backup files NAME`.',
  });
}

export function notConfigured(foreign: BytePath[]): BackupError {
  return new BackupError('USAGE', 'This backup holds what is not configured here', {
    why: `no component is responsible for: ${foreign.map(displayPath).join(', ')}`,
    hint:
      'Restore it with `--to DIR` into another directory, restore the rest with `--only NAME,NAME`, ' +
      'or switch the missing component on (INCLUDE_…, PATHS).',
  });
}
