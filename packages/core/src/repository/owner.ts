import { lchown, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ignoring } from '@gofr-backup/model';

/**
 * The restore service runs as root, the backup service need not: what root makes in a backup directory of another's
 * must be that other's, or he could neither read the safety backup nor take the lock. Without CAP_CHOWN it stays root's.
 */
export async function inheritOwner(...paths: string[]): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  for (const path of paths) {
    const { uid, gid } = await stat(dirname(path));
    if (uid === 0) continue;
    await lchown(path, uid, gid).catch(ignoring('EPERM', 'ENOENT'));
  }
}
