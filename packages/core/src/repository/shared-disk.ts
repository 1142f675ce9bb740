/** What lies on one file system dies with one disk. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type BackupPlan, ignoring } from '@gofr-backup/model';

/** Names of the components whose data lies on the file system of BACKUP_DIR; what cannot be looked at is left out. */
export async function sharedDisk({
  components,
  backupDir,
}: Pick<BackupPlan, 'components' | 'backupDir'>): Promise<string[]> {
  const device = (path: string): Promise<bigint | undefined> => deviceOf(path).catch(() => undefined);
  const here = await device(backupDir);
  const shared: string[] = [];
  for (const { name, root } of components)
    if (here !== undefined && (await device(root)) === here) shared.push(name);
  return shared;
}

/** Of the path, or of the nearest directory above it that is there. */
export async function deviceOf(path: string): Promise<bigint> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at, { bigint: true }).catch(ignoring('ENOENT', 'ENOTDIR'));
    if (found !== undefined) return found.dev;
  }
}
