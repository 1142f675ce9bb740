/** Carries out the moves of a journal, and undoes them. Every step can be repeated: a kill may come between any two. */
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, fsPath, joinPath } from '@gofr-backup/model';
import {
  breathe,
  exists,
  fsyncPath,
  isErrno,
  isWithin,
  lstatIfPresent,
  parentOf,
  setTimesOf,
} from '@gofr-backup/posix';
import {
  type Attributes,
  type Journal,
  type JournalState,
  type Move,
  readJournal,
  writeJournal,
} from './journal.ts';

/** Called before every step with its name; tests die here. */
export type StepHook = (step: string) => void;

/** An entry that stood where a rollback had to put the old data: moved aside, never removed. */
export interface DisplacedEntry {
  place: BytePath;
  keptAt: BytePath;
}

/** The directory `place` cannot be renamed (a mount point, a layer of an overlay): it must be swapped one level down. */
export class CannotRename extends Error {
  readonly place: BytePath;
  constructor(place: BytePath, cause: unknown) {
    super(`${displayPath(place)} cannot be renamed`, { cause });
    this.place = place;
  }
}

/**
 * staging -> swapping -> committed. On any error all moves are undone (rolled-back) before the error is thrown:
 * CannotRename when a directory must be swapped one level down, else the error of the file system.
 */
export async function swap(journal: Journal, step: StepHook = () => {}): Promise<void> {
  step('intent');
  advance(journal, 'swapping');
  try {
    for (const [index, move] of journal.moves.entries()) {
      moveIn(move, step);
      if (index % 256 === 255) await breathe();
    }
    for (const change of journal.attributes) setAttributes(change.place, change.after);
    step('sync');
    syncDirectories(journal);
    step('commit');
    advance(journal, 'committed');
  } catch (error) {
    // A failed commit may still have reached the disk. So nothing is undone here, and the next command finishes it.
    if (readJournal(journal.workDirs[0]!)?.state === 'swapping') await rollBack(journal, step);
    throw error;
  }
}

/** Writes the new state to the disk before it counts. */
function advance(journal: Journal, state: JournalState): void {
  writeJournal({ ...journal, state });
  journal.state = state;
}

/**
 * Any number of times, from any point of a swap. Throws IO when old data is not where the journal left it: nothing is
 * removed then, and the journal stays.
 */
export async function rollBack(journal: Journal, step: StepHook = () => {}): Promise<DisplacedEntry[]> {
  const displaced: DisplacedEntry[] = [];
  for (const [index, move] of journal.moves.toReversed().entries()) {
    step('undo');
    const entry = moveBack(move, journal);
    if (entry) displaced.push(entry);
    if (index % 256 === 255) await breathe();
  }
  for (const change of journal.attributes) setAttributes(change.place, change.before);
  syncDirectories(journal);
  step('rolled-back');
  advance(journal, 'rolled-back');
  return displaced;
}

function moveIn(move: Move, step: StepHook): void {
  step('aside');
  if (move.aside !== null) takeAside(move.place, move.aside);
  step('place');
  if (move.staged !== null) fs.renameSync(fsPath(move.staged), fsPath(move.place));
}

function takeAside(place: BytePath, aside: BytePath): void {
  try {
    fs.renameSync(fsPath(place), fsPath(aside));
  } catch (error) {
    const directory = lstatIfPresent(place)?.isDirectory() ?? false;
    if (directory && isErrno(error, 'EBUSY', 'EXDEV')) throw new CannotRename(place, error);
    throw error;
  }
}

/**
 * The existing files show which renames have happened, because only a swap takes anything out of a work directory.
 * When `staged` is gone, the new data is in place. When `aside` exists, the old data was moved out.
 */
function moveBack({ place, staged, aside }: Move, journal: Journal): DisplacedEntry | undefined {
  const isIn = staged !== null && !exists(staged) && exists(place);
  const oldIsOut = aside !== null && exists(aside);
  if (isIn && aside !== null && !oldIsOut) throw lost(place, journal);
  if (isIn) fs.renameSync(fsPath(place), fsPath(staged));
  if (!oldIsOut) return undefined;
  const entry = exists(place) ? displace(place, journal) : undefined;
  fs.renameSync(fsPath(aside), fsPath(place));
  return entry;
}

/**
 * The error when no swap can have led here: the old data was taken out of the work directory, and the data in place
 * may be the only copy.
 */
function lost(place: BytePath, journal: Journal): BackupError {
  const workDir = journal.workDirs.find((dir) => isWithin(place, parentOf(dir))) ?? journal.workDirs[0]!;
  return damagedJournal(workDir, `what ${displayPath(place)} was before the restore is no longer in it`);
}

/** Moves aside what another program wrote at `place` after the kill. This program must not remove it. */
function displace(place: BytePath, journal: Journal): DisplacedEntry {
  const home = parentOf(journal.workDirs.find((dir) => isWithin(place, parentOf(dir))) ?? place);
  const name = place.slice(place.lastIndexOf('/') + 1);
  let keptAt = joinPath(home, `${name}.found-${journal.id}`);
  for (let n = 2; exists(keptAt); n++) keptAt = joinPath(home, `${name}.found-${journal.id}-${n}`);
  fs.renameSync(fsPath(place), fsPath(keptAt));
  return { place, keptAt };
}

export function attributesOf(stat: fs.BigIntStats): Attributes {
  return {
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: String(stat.mtimeNs),
  };
}

/** Sets the times of the directories that stay once more, because removing a work directory has changed them. */
export function settleTimes(journal: Journal): void {
  const homes = new Set(journal.workDirs.map(parentOf));
  for (const { place, before, after } of journal.attributes)
    if (homes.has(place)) setAttributes(place, journal.state === 'committed' ? after : before);
}

/** Owner first: a chown clears setuid and setgid. Only root may give away; others keep what they have. */
function setAttributes(place: BytePath, wanted: Attributes): void {
  const now = lstatIfPresent(place);
  if (!now?.isDirectory()) return;
  try {
    if (Number(now.uid) !== wanted.uid || Number(now.gid) !== wanted.gid)
      fs.chownSync(fsPath(place), wanted.uid, wanted.gid);
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
  try {
    fs.chmodSync(fsPath(place), wanted.mode);
    setTimesOf(place, BigInt(wanted.mtimeNs));
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
}

/**
 * Syncs the directories that data came from and went to, because the renames must be on the disk before the journal
 * says so.
 */
function syncDirectories(journal: Journal): void {
  const ends = journal.moves.flatMap(({ place, staged, aside }) => [place, staged, aside]);
  const directories = new Set(ends.flatMap((path) => (path === null ? [] : [parentOf(path)])));
  for (const directory of directories) if (exists(directory)) fsyncPath(directory);
}

export function damagedJournal(workDir: BytePath, reason: string): BackupError {
  return new BackupError('IO', `An interrupted restore in ${displayPath(workDir)} cannot be settled`, {
    why: reason,
    hint:
      `Its \`old\` directory may hold your data from before that restore: look there first. ` +
      'When you have what you need, remove that directory and run the command again.',
  });
}
