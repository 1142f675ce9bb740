/** The directories that moves go into: what undoes the moves later must find the very same ones. */
import { type BytePath, displayPath } from '@gofr-backup/model';
import { type FileStat, isWithin, parentOf } from '@gofr-backup/posix';
import type { Ground } from './ground.ts';
import type { Journal, ParentDirectory } from '../journal.ts';
import { damagedJournal } from '../swap.ts';

type Known = Required<Pick<Journal, 'parents' | 'workInodes'>>;

/** As they are before the first move. */
export function parentsOf(journal: Pick<Journal, 'moves' | 'places' | 'workDirs'>, ground: Ground): Known {
  const inodeOf = (place: BytePath): string => String(ground.directory(place).stat().ino);
  return {
    parents: [...directoriesAbove(journal)].map((place) => ({ place, inode: inodeOf(place) })),
    workInodes: journal.workDirs.map(inodeOf),
  };
}

/** Each target is the uppermost, or what it lies in where the target itself is moved. */
function directoriesAbove({ moves, places }: Pick<Journal, 'moves' | 'places'>): Set<BytePath> {
  const above = new Set<BytePath>();
  const isInside = (at: BytePath): boolean => places.some((root) => at !== root && isWithin(at, root));
  for (const { place } of moves)
    for (let at = parentOf(place); !above.has(at); at = parentOf(at)) {
      above.add(at);
      if (!isInside(at)) break;
    }
  return above;
}

/**
 * From now on a rollback finds the directories that the moves went into: in another one it would take new data for gone, and put old
 * data elsewhere. One that was removed needs nothing, unless old data was in it. Throws IO when a directory is another one.
 */
export function knowParents(journal: Journal, ground: Ground): void {
  const devices = devicesOf(journal, ground);
  if (![...devices.values()].includes(true)) return;
  for (const parent of journal.parents ?? []) {
    const present = ground.lstat(parent.place);
    const isNumbered = present ? devices.get(present.dev) : oldIsOut(journal, parent, ground);
    if (isNumbered === false) continue;
    if (!present || String(present.ino) !== parent.inode) throw exchanged(journal, parent);
    ground.know(parent.place, present);
  }
}

/**
 * Those of the work directories, and whether their inode numbers are as they were. Nobody exchanges a work directory for another: where
 * it has a new number, the file system gives new ones at each mount (FUSE), or all of it was copied to another disk. Then they prove
 * nothing.
 */
function devicesOf({ workDirs, workInodes = [] }: Journal, ground: Ground): Map<FileStat['dev'], boolean> {
  const devices = new Map<FileStat['dev'], boolean>();
  for (const [n, workDir] of workDirs.entries()) {
    const { dev, ino } = ground.directory(workDir).stat();
    devices.set(dev, devices.get(dev) === true || String(ino) === workInodes[n]);
  }
  return devices;
}

const oldIsOut = ({ moves }: Journal, { place }: ParentDirectory, ground: Ground): boolean =>
  moves.some((move) => move.aside !== null && parentOf(move.place) === place && ground.exists(move.aside));

const exchanged = ({ workDirs }: Journal, { place, inode }: ParentDirectory) =>
  damagedJournal(
    workDirs[0]!,
    `${displayPath(place)} is another directory than the one that it went into (inode ${inode}): put that one back, and run the command again`,
    workDirs,
  );
