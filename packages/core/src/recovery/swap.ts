/** Carries out the moves of a journal, and undoes them. Every step can be repeated: a kill may come between any two. */
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, joinPath, toBackupError } from '@gofr-backup/model';
import {
  breathe,
  type DirectoryHandle,
  type FileStat,
  isDirectory,
  isErrno,
  isWithin,
  parentOf,
  setTimesAt,
} from '@gofr-backup/posix';
import { type Ground, movedAway } from './ground/ground.ts';
import {
  type AttributeChange,
  type Attributes,
  type Journal,
  type JournalState,
  type Move,
  readJournal,
  writeJournal,
} from './journal.ts';
import { stagedPrint } from './staged-print.ts';
import { asideOf, closeAgain, open, openStaged, openStaying, stagedOf } from './rights/closed.ts';

/** Called before every step with its name; tests die here. */
export type StepHook = (step: string) => void;

/** An entry that stood where a rollback had to put the old data, or new data that was written to: moved aside, never removed. */
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
 * CannotRename when a directory must be swapped one level down, FAILED when something else took the place of one, else the
 * error of the file system.
 */
export async function swap(journal: Journal, ground: Ground, step: StepHook = () => {}): Promise<void> {
  step('intent');
  advance(journal, 'swapping', ground);
  try {
    openStaying(journal, ground);
    for (const [index, move] of journal.moves.entries()) {
      moveIn(move, ground, step);
      if (index % 256 === 255) await breathe();
    }
    for (const change of journal.attributes) setAttributes(change, change.after, ground);
    step('sync');
    syncDirectories(journal, ground);
    step('commit');
    advance(journal, 'committed', ground);
  } catch (error) {
    // A failed commit may still have reached the disk. So nothing is undone here, and the next command finishes it.
    if (readJournal(journal.workDirs[0]!, ground)?.state === 'swapping')
      throw withKept(error, await rollBack(journal, ground, step), journal, ground);
    throw error;
  }
}

/** Says what was displaced. There is no other attempt when something is no longer staged. */
function withKept(error: unknown, displaced: DisplacedEntry[], { moves }: Journal, ground: Ground): unknown {
  const gone = moves.find((move) => move.staged !== null && !isOurs(move, move.staged, ground));
  const told = error instanceof CannotRename && gone ? movedAway(gone.place, error) : error;
  if (displaced.length === 0) return told;
  const { code, message, why, hint } = toBackupError(told, 'swap');
  const kept = displaced.map(({ keptAt }) => displayPath(keptAt)).join(', ');
  return new BackupError(code, message, {
    why,
    hint: `What was written there meanwhile was kept as ${kept}. ${hint}`,
    cause: error,
  });
}

/** Writes the new state to the disk before it counts. */
function advance(journal: Journal, state: JournalState, ground: Ground): void {
  writeJournal({ ...journal, state }, ground);
  journal.state = state;
}

/**
 * Any number of times, from any point of a swap. Throws IO when old data is not where the journal left it: nothing is
 * removed then, and the journal stays.
 */
export async function rollBack(
  journal: Journal,
  ground: Ground,
  step: StepHook = () => {},
): Promise<DisplacedEntry[]> {
  const displaced: DisplacedEntry[] = [];
  openStaying(journal, ground);
  for (const [index, move] of journal.moves.toReversed().entries()) {
    step('undo');
    displaced.push(...moveBack(move, journal, ground));
    if (index % 256 === 255) await breathe();
  }
  for (const change of journal.attributes) resetAttributes(change, change.before, ground);
  syncDirectories(journal, ground);
  step('rolled-back');
  advance(journal, 'rolled-back', ground);
  return displaced;
}

function moveIn(move: Move, ground: Ground, step: StepHook): void {
  step('aside');
  if (move.aside !== null) takeAside(move, move.aside, ground);
  step('place');
  if (move.staged === null) return;
  openStaged(parentOf(move.staged), ground);
  open(move.staged, stagedOf(move), ground);
  ground.rename(move.staged, move.place);
  step('close');
  closeAgain(move.place, stagedOf(move), ground);
}

/** What was taken must be what the plan saw, as it knows what lies below. */
function takeAside(move: Move, aside: BytePath, ground: Ground): void {
  const { place, asideInode } = move;
  try {
    open(place, asideOf(move), ground);
    ground.rename(place, aside);
  } catch (error) {
    const present = isErrno(error, 'EBUSY', 'EXDEV') ? ground.lstat(place) : undefined;
    if (present && isDirectory(present)) throw new CannotRename(place, error);
    throw error;
  }
  if (inodeOfDirectory(ground.lstat(aside)!) !== asideInode) throw movedAway(place);
}

/** Undefined for what is none. */
export const inodeOfDirectory = (stat: FileStat): string | undefined =>
  isDirectory(stat) ? String(stat.ino) : undefined;

/**
 * The existing files show which renames have happened, because only a swap takes anything out of a work directory.
 * When `staged` is gone, the new data is in place, unless somebody moved it on. When `aside` exists, the old data was moved
 * out.
 */
function moveBack(move: Move, journal: Journal, ground: Ground): DisplacedEntry[] {
  const { place, staged, aside } = move;
  const wentIn = staged !== null && !ground.exists(staged) && ground.exists(place);
  const oldIsOut = aside !== null && ground.exists(aside);
  if (wentIn && aside !== null && !oldIsOut) throw lost(place, journal);
  const displaced: DisplacedEntry[] = [];
  if (wentIn && isOurs(move, place, ground)) {
    open(place, stagedOf(move), ground);
    ground.rename(place, staged);
  }
  if (staged !== null) displaced.push(...keepWritten(move, staged, journal, ground));
  if (oldIsOut) {
    open(aside, asideOf(move), ground);
    displaced.push(
      ...(!wentIn && isBack(move, ground)
        ? [displace(aside, place, journal, ground)]
        : putBack(aside, place, journal, ground)),
    );
  }
  closeAgain(place, asideOf(move), ground);
  closeAgain(staged, stagedOf(move), ground);
  return displaced;
}

/**
 * It is looked at where the application does not reach it, and again by every attempt. An empty directory stands for what is no
 * longer staged: so a rollback that is repeated does not take the old data for the new.
 */
function keepWritten(move: Move, staged: BytePath, journal: Journal, ground: Ground): DisplacedEntry[] {
  const isKept = ground.exists(staged) && !isAsStaged(move, staged, ground) && !isEmpty(staged, ground);
  const displaced = isKept ? [displace(staged, move.place, journal, ground)] : [];
  if (ground.exists(staged)) return displaced;
  openStaged(parentOf(staged), ground);
  ground.makeDirectory(staged);
  return displaced;
}

const isEmpty = (path: BytePath, ground: Ground): boolean =>
  ground.isDirectory(path) && ground.names(path).length === 0;

function isOurs({ stagedInode }: Move, path: BytePath, ground: Ground): boolean {
  return stagedInode === undefined || String(ground.lstat(path)?.ino) === stagedInode;
}

/** False: something took its place just before it was moved, or was written into it while it was in place. */
function isAsStaged(move: Move, staged: BytePath, ground: Ground): boolean {
  if (!isOurs(move, staged, ground)) return false;
  return move.stagedPrint === undefined || stagedPrint(staged, ground) === move.stagedPrint;
}

/** What the plan saw lies at its place: something else, which had taken it for a moment, was moved out instead. */
const isBack = ({ place, asideInode }: Move, ground: Ground): boolean => {
  const present = ground.lstat(place);
  return asideInode !== undefined && present !== undefined && inodeOfDirectory(present) === asideInode;
};

/** What comes faster than it is moved aside ends the attempt, and the next command goes on. */
const ATTEMPTS = 16;

function putBack(aside: BytePath, place: BytePath, journal: Journal, ground: Ground): DisplacedEntry[] {
  const displaced: DisplacedEntry[] = [];
  for (let attempt = 1; ; attempt++)
    try {
      if (ground.exists(place)) displaced.push(displace(place, place, journal, ground));
      ground.renameToFree(aside, place);
      return displaced;
    } catch (error) {
      if (!isErrno(error, 'EEXIST', 'ENOENT') || attempt === ATTEMPTS) throw error;
    }
}

/**
 * The error when no swap can have led here: the old data was taken out of the work directory, and the data in place
 * may be the only copy.
 */
function lost(place: BytePath, journal: Journal): BackupError {
  const workDir = journal.workDirs.find((dir) => isWithin(place, parentOf(dir))) ?? journal.workDirs[0]!;
  const why = `what ${displayPath(place)} was before the restore is no longer in it`;
  return damagedJournal(workDir, why, journal.workDirs);
}

/** Moves aside what another program wrote at `place`, or in what was placed there. This program must not remove it. */
function displace(from: BytePath, place: BytePath, journal: Journal, ground: Ground): DisplacedEntry {
  const home = parentOf(journal.workDirs.find((dir) => isWithin(place, parentOf(dir))) ?? place);
  const name = place.slice(place.lastIndexOf('/') + 1);
  for (let n = 1; ; n++) {
    const keptAt = joinPath(home, `${name}.found-${journal.id}${n === 1 ? '' : `-${n}`}`);
    try {
      if (ground.exists(keptAt)) continue;
      ground.renameToFree(from, keptAt);
      return { place, keptAt };
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  }
}

export function attributesOf(stat: FileStat): Attributes {
  return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, mtimeNs: String(stat.mtimeNs) };
}

/** Sets the times of the directories that stay once more, because removing a work directory has changed them. */
export function settleTimes(journal: Journal, ground: Ground): void {
  const homes = new Set(journal.workDirs.map(parentOf));
  for (const change of journal.attributes)
    if (homes.has(change.place))
      resetAttributes(change, journal.state === 'committed' ? change.after : change.before, ground);
}

/** Where the directory is still there. */
function resetAttributes(change: AttributeChange, wanted: Attributes, ground: Ground): void {
  try {
    setAttributes(change, wanted, ground);
  } catch (error) {
    if (!(error instanceof BackupError) && !isErrno(error, 'ENOENT')) throw error;
  }
}

/** Of the directory that the plan saw. Throws FAILED when it is another one. */
function setAttributes({ place, inode }: AttributeChange, wanted: Attributes, ground: Ground): void {
  const directory = ground.directory(place);
  const now = directory.stat();
  if (inode !== undefined && String(now.ino) !== inode) throw movedAway(place);
  unlessForbidden(() => setOwner(directory, now, wanted));
  unlessForbidden(() => {
    directory.chmod(wanted.mode);
    setTimesAt(directory.fd, '.', BigInt(wanted.mtimeNs));
  });
}

/** Owner first: a chown clears setuid and setgid. Only root may give away; others keep what they have. */
function setOwner(directory: DirectoryHandle, now: FileStat, { uid, gid }: Attributes): void {
  if (now.uid !== uid || now.gid !== gid) fs.chownSync(directory.path, uid, gid);
}

function unlessForbidden(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
}

/**
 * Syncs the directories that data came from and went to, because the renames must be on the disk before the journal
 * says so.
 */
function syncDirectories(journal: Journal, ground: Ground): void {
  const ends = journal.moves.flatMap(({ place, staged, aside }) => [place, staged, aside]);
  const directories = new Set(ends.flatMap((path) => (path === null ? [] : [parentOf(path)])));
  for (const directory of directories) if (ground.exists(directory)) ground.directory(directory).sync();
}

/** `workDirs`: all that are known of the restore. As long as one is there, its marker leads to the journal. */
export function damagedJournal(
  workDir: BytePath,
  reason: string,
  workDirs: Iterable<BytePath> = [],
): BackupError {
  const others = [...workDirs].filter((dir) => dir !== workDir).map(displayPath);
  const all = ['that directory', ...others].join(' and ');
  return new BackupError('IO', `An interrupted restore in ${displayPath(workDir)} cannot be settled`, {
    why: reason,
    hint:
      `Its \`old\` directory may hold your data from before that restore: look there first. ` +
      `When you have what you need, remove ${all} and run the command again.`,
  });
}
