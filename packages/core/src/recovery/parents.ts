/** The directories that moves go into: what undoes the moves later must find the very same ones. */
import { type BytePath, displayPath } from '@gofr-backup/model';
import { parentOf } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';
import type { Journal, Move, ParentDirectory } from './journal.ts';
import { damagedJournal } from './swap.ts';

/** As they are before the first move. */
export function parentsOf(moves: readonly Move[], ground: Ground): ParentDirectory[] {
  const places = new Set(moves.map(({ place }) => parentOf(place)));
  return [...places].map((place) => ({ place, inode: String(ground.directory(place).stat().ino) }));
}

/**
 * From now on a rollback finds the directories that the moves went into, or nothing: in another one it would take new data for
 * gone, and put old data elsewhere. `homes` are those of the work directories, by the pointer. Where no number is as it
 * was, the file system gives new ones at each mount, and they prove nothing. Throws IO when a directory is another one.
 */
export function knowParents(journal: Journal, homes: ReadonlyMap<BytePath, string>, ground: Ground): void {
  const isSame = (place: BytePath, inode?: string): boolean => String(ground.lstat(place)?.ino) === inode;
  if (!journal.workDirs.some((dir) => isSame(parentOf(dir), homes.get(dir)))) return;
  for (const { place, inode } of journal.parents ?? []) {
    if (!isSame(place, inode)) throw exchanged(journal, place, inode);
    ground.know(place, ground.lstat(place)!);
  }
}

const exchanged = ({ workDirs }: Journal, place: BytePath, inode: string) =>
  damagedJournal(
    workDirs[0]!,
    `${displayPath(place)} is another directory than the one that it went into (inode ${inode}): put that one back, and run the command again`,
  );
