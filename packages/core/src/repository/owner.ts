import { lchown, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ignoring } from '@gofr-backup/model';

/**
 * Gives new files to the owner of their directory. The restore service runs as root, the backup service need not.
 * Files that root makes must belong to the owner of the backup directory: otherwise that owner could neither read the
 * safety backup nor take the lock. Without CAP_CHOWN the files stay root's.
 */
export async function inheritOwner(...paths: string[]): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  for (const path of paths) {
    const { uid, gid } = await stat(dirname(path));
    if (uid === 0) continue;
    await lchown(path, uid, gid).catch(ignoring('EPERM', 'ENOENT'));
  }
}
