/** How a backup directory is opened. */
import type { Clock, Logger } from '@gofr-backup/model';

export interface RepositoryOptions {
  /** absolute */
  backupDir: string;
  /** where the keys lie; undefined: in the state directory */
  keyDir?: string;
  project: string;
  prefix: string;
  timezone: string;
  clock: Clock;
  logger: Logger;
  /** backups are not read back after they are made: for `latest`, an unverified one is as good as a verified one */
  unverifiedIsGood?: boolean;
}
