/** Whether the places of a restore may be written, before anything is. */
import { BackupError, type BytePath, displayPath } from '@gofr-backup/model';
import { isErrno } from '@gofr-backup/posix';
import { orTheOthers } from './fixed-mounts.ts';
import type { Ground } from '../ground/ground.ts';
import type { MountTable } from '../mounts.ts';
import { nearestAbove } from '../place.ts';
import { assertAccess } from '../rights/access.ts';
import { workHome } from '../stages.ts';
import type { Target } from '../target.ts';

/** Throws IO for a read-only mount, PERMISSION for a foreign directory; both say how to get at it. */
export function assertWritable(targets: Target[], mounts: MountTable, ground: Ground): void {
  for (const target of targets) {
    const home = nearestAbove(workHome(target, mounts, ground), ground);
    try {
      assertAccess(home, ground);
    } catch (error) {
      if (error instanceof BackupError) throw error;
      throw isErrno(error, 'EROFS') ? readOnly(target, targets) : notOurs(target.place, home, ground);
    }
  }
}

function readOnly(target: Target, targets: Target[]): BackupError {
  const { place } = target;
  return new BackupError(
    'IO',
    `${displayPath(place)} cannot be restored from here: it is mounted read-only`,
    {
      why: 'the backup service sees the data read-only, so that it can never damage it',
      hint:
        'With compose: `docker-compose run --rm restore --latest` (or scripts/restore_backup.sh --latest), which mounts ' +
        `it writable. Else mount it writable, or use --to DIR${orTheOthers(target, targets)}.`,
    },
  );
}

function closed(place: BytePath, home: BytePath, mode: number): BackupError {
  return new BackupError('PERMISSION', `${displayPath(place)} cannot be restored: no right to write`, {
    why: `${displayPath(home)} is closed for writing (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`,
    hint: 'It is a mount, or the directory of --to, so it is not opened by itself: chmod u+w it, and run it again.',
  });
}

function notOurs(place: BytePath, home: BytePath, ground: Ground): BackupError {
  const { uid, mode } = ground.lstat(home)!;
  if (uid === process.geteuid?.()) return closed(place, home, mode);
  return new BackupError('PERMISSION', `${displayPath(place)} cannot be restored: no right to write`, {
    why: `${displayPath(home)} belongs to uid ${uid}, this is uid ${process.geteuid?.() ?? '?'}`,
    hint: `Run as root (which also restores the owners of files) or as uid ${uid}, or use --to DIR.`,
  });
}
