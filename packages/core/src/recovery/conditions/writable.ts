/** Whether the places of a restore may be written, before anything is. */
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, fsPath } from '@gofr-backup/model';
import { isErrno, lstatIfPresent } from '@gofr-backup/posix';
import { orTheOthers } from './fixed-mounts.ts';
import type { MountTable } from '../mounts.ts';
import { nearestAbove } from '../place.ts';
import { workHome } from '../stages.ts';
import type { Target } from '../target.ts';

/** Throws IO for a read-only mount, PERMISSION for a foreign directory; both say how to get at it. */
export function assertWritable(targets: Target[], mounts: MountTable): void {
  for (const target of targets) {
    const home = nearestAbove(workHome(target, mounts));
    try {
      fs.accessSync(fsPath(home), fs.constants.W_OK | fs.constants.X_OK);
    } catch (error) {
      throw isErrno(error, 'EROFS') ? readOnly(target, targets) : notOurs(target.place, home);
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

function notOurs(place: BytePath, home: BytePath): BackupError {
  const { uid } = lstatIfPresent(home)!;
  return new BackupError('PERMISSION', `${displayPath(place)} cannot be restored: no right to write`, {
    why: `${displayPath(home)} belongs to uid ${uid}, this is uid ${process.geteuid?.() ?? '?'}`,
    hint: `Run as root (which also restores the owners of files) or as uid ${uid}, or use --to DIR.`,
  });
}
