import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Identity, TIERS } from '@gofr-backup/model';
import { SCRATCH_DIR, STATE_DIR, TRASH_DIR } from './layout.ts';

const BELOW = [...TIERS, STATE_DIR, join(STATE_DIR, TRASH_DIR), join(STATE_DIR, SCRATCH_DIR)];

/**
 * The backup directory and what it consists of, by device and inode: a link or a bind mount can bring each of them into
 * the data under another name. Backups leave them out, restores leave them alone. Absent ones are not listed.
 */
export function withheldDirectories(backupDir: string): Identity[] {
  return [backupDir, ...BELOW.map((name) => join(backupDir, name))].flatMap((path) => {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats?.isDirectory() ? { dev: stats.dev, ino: stats.ino } : [];
  });
}
