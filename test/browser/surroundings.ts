/** The settings that every page of these tests has. */
import { join } from 'node:path';
import type { Environment } from '@gofr-backup/config';

export const PASSWORD = 'correct horse battery';

export const surroundings = (
  { backupDir, dataDir }: { backupDir: string; dataDir: string },
  redisUrl: string,
): Environment => ({
  BACKUP_BACKUP_DIR: backupDir,
  BACKUP_DATA_DIR: dataDir,
  BACKUP_LOGS_DIR: join(dataDir, 'logs'),
  BACKUP_REDIS_URL: redisUrl,
  BACKUP_RETENTION_DAYS: '365',
  BACKUP_MAX_COUNT: '1000',
  BACKUP_DASHBOARD_PORT: '0',
  BACKUP_DASHBOARD_PASSWORD: PASSWORD,
});
