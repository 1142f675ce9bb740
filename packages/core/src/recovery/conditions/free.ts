/** What takes a backup with `--to` must be empty: when it is chosen, and still when it is filled. */
import { BackupError, displayPath, isWorkDirName } from '@gofr-backup/model';
import { isDirectory } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import type { Target } from '../target.ts';

/** Throws USAGE; nothing was swapped in. */
export function assertFree({
  targets: [target],
  intoEmpty,
  ground,
}: {
  targets: readonly Target[];
  intoEmpty: boolean;
  ground: Ground;
}): void {
  const there = intoEmpty && target && ground.lstat(target.place);
  if (!there) return;
  const what = !isDirectory(there)
    ? 'it is no directory'
    : ground.names(target.place).every(isWorkDirName)
      ? ''
      : 'it is not empty';
  if (what === '') return;
  throw new BackupError('USAGE', `${displayPath(target.place)} cannot take the backup`, {
    why: what,
    hint: 'Name an empty or a new directory, or lay the backup over what is there with --merge.',
  });
}
