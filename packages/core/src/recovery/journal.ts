/**
 * The journal of one restore: what is moved where, and how far it got. It lies beside the data, in the restore's
 * first work directory: on the disk whose renames it describes, and where any process with that disk finds it. It is
 * the only authority. The pointer in the repository's state directory only helps to find it.
 *
 * State      meaning                                          what recovery does
 * staging    extracting; nothing was moved                    discard the work directories
 * swapping   moves may have happened                          undo them, then rolled-back
 * committed  every move happened                              discard the old data and the work directories
 * rolled-back every move was undone                           discard the work directories
 */
import * as fs from 'node:fs';
import { type BytePath, fsPath, isWorkDirName, joinPath, workDirName } from '@gofr-backup/model';
import { isErrno, isWithin, parentOf, readFileAt } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';

export const STATES = ['staging', 'swapping', 'committed', 'rolled-back'] as const;
export type JournalState = (typeof STATES)[number];

/**
 * `staged` is renamed to `place` (null: the place becomes empty). The old content of `place` goes to `aside` (null:
 * there was none). The inode numbers prove what is moved; absent: it is nothing, or nobody knows.
 */
export interface Move {
  place: BytePath;
  staged: BytePath | null;
  aside: BytePath | null;
  stagedInode?: string | undefined;
  /** what the staged tree consists of: once it was in place, only what is still the same is removed */
  stagedPrint?: string | undefined;
  /** of a directory: files are replaced by their writers all the time */
  asideInode?: string | undefined;
  /** of directories that are closed for writing, and opened while they are moved */
  stagedMode?: number | undefined;
  asideMode?: number | undefined;
}

export interface Attributes {
  mode: number;
  uid: number;
  gid: number;
  /** nanoseconds, decimal: JSON has no bigint */
  mtimeNs: string;
}

/** A directory that stays in place (a mount point, or a parent of files that stay) takes over the archive's attributes. */
export interface AttributeChange {
  place: BytePath;
  /** of the directory; absent: nobody knows */
  inode?: string | undefined;
  before: Attributes;
  after: Attributes;
}

/** A directory that moves go into, or that leads to one, and stays. */
export interface ParentDirectory {
  place: BytePath;
  inode: string;
}

export interface Journal {
  version: 1;
  /** 16 hexadecimal digits, part of the work directories' names */
  id: string;
  project: string;
  state: JournalState;
  /** absolute; the first one holds this journal */
  workDirs: BytePath[];
  /** the inode number of each of them; absent: nobody knows */
  workInodes?: string[];
  /** the directories the moves stay in */
  places: BytePath[];
  moves: Move[];
  attributes: AttributeChange[];
  /** of every move; absent: nobody knows */
  parents?: ParentDirectory[];
}

const FILE = 'journal.json';
const MARKER = 'journal-is-in.json';

/** A journal or marker, whole or half written. */
export const isJournalFile = (name: string): boolean =>
  [FILE, MARKER].some((file) => name === file || name === `${file}.tmp`);

export const journalPath = (workDir: BytePath): BytePath => joinPath(workDir, FILE);

/** Atomic and durable: afterwards a power cut shows this state or a later one. */
export function writeJournal(journal: Journal, ground: Ground): void {
  writeDurably(journalPath(journal.workDirs[0]!), JSON.stringify(journal), ground);
}

/** In every other work directory: where the journal is. */
export function writeMarkers(journal: Journal, ground: Ground): void {
  const [anchor, ...others] = journal.workDirs;
  for (const workDir of others) writeDurably(joinPath(workDir, MARKER), JSON.stringify({ anchor }), ground);
}

export function removeJournal(journal: Journal, ground: Ground): void {
  fs.rmSync(fsPath(ground.at(journalPath(journal.workDirs[0]!))), { force: true });
}

/**
 * The work directory that holds the journal of `workDir`'s restore: itself, or the one its marker names. A marker that
 * cannot be read is none of ours, or of a directory that is closed to this user: `settle` says which.
 */
export function anchorOf(workDir: BytePath, ground: Ground): BytePath {
  if (unlessUnreadable(() => ground.exists(journalPath(workDir)))) return workDir;
  const text = unlessUnreadable(() => readText(joinPath(workDir, MARKER), ground));
  const anchor = text === undefined ? undefined : (parseObject(text)?.['anchor'] as unknown);
  return isAbsolutePath(anchor) && isWorkDirName(baseName(anchor)) ? anchor : workDir;
}

/** Whether a directory, whatever its name, has the journal of the work directory's restore, or a marker of it. */
export function isOfRestore(directory: BytePath, workDir: BytePath, ground: Ground): boolean {
  const journal = unlessUnreadable(() => readText(journalPath(directory), ground));
  if (journal !== undefined) return unlessUnreadable(() => parseJournal(journal, workDir)) !== undefined;
  const marker = unlessUnreadable(() => readText(joinPath(directory, MARKER), ground));
  const anchor = marker === undefined ? undefined : (parseObject(marker)?.['anchor'] as unknown);
  return isAbsolutePath(anchor) && baseName(anchor) === baseName(workDir);
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Undefined: there is none. */
function readText(path: BytePath, ground: Ground): string | undefined {
  try {
    return readFileAt(ground.at(path));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** undefined: there is no journal. Throws with the reason when the journal cannot be trusted. */
export function readJournal(workDir: BytePath, ground: Ground): Journal | undefined {
  const text = readText(journalPath(workDir), ground);
  return text === undefined ? undefined : parseJournal(text, workDir);
}

/**
 * Reads a journal. It lies where other users may write, so every field is checked, and every path must lie where a
 * restore may work.
 */
export function parseJournal(text: string, workDir: BytePath): Journal {
  const journal = parseObject(text) as Partial<Journal> | undefined;
  demand(journal?.version === 1, 'it is not a journal of this version');
  const { id, project, state, workDirs, places, moves, attributes, parents = [], workInodes = [] } = journal;
  demand(typeof id === 'string' && typeof project === 'string', 'it has no id or no project');
  demand(STATES.includes(state as JournalState), `its state is ${JSON.stringify(state)}`);
  demand(isPathList(workDirs) && workDirs[0] === workDir, 'it is the journal of another directory');
  demand(
    workDirs.every((dir) => baseName(dir) === workDirName(id)),
    'a work directory has another name',
  );
  demand(isPathList(places), 'its places are no paths');
  demand(
    Array.isArray(moves) && moves.every((move) => isMove(move, places, workDirs)),
    'a move leads elsewhere',
  );
  demand(
    Array.isArray(attributes) && attributes.every((change) => isChange(change, places)),
    'a change leads elsewhere',
  );
  demand(Array.isArray(parents) && parents.every(isParent), 'its parents are no directories');
  demand(Array.isArray(workInodes) && workInodes.every(isInode), 'its work directories have no numbers');
  return { version: 1, id, project, state: state!, workDirs, workInodes, places, moves, attributes, parents };
}

function isMove(move: unknown, places: BytePath[], workDirs: BytePath[]): boolean {
  const { place, staged, aside, stagedInode, stagedPrint, asideInode, stagedMode, asideMode } = (move ??
    {}) as Move;
  const inWork = (path: unknown) =>
    path === null || (isAbsolutePath(path) && workDirs.some((dir) => path !== dir && isWithin(path, dir)));
  const inPlace = isAbsolutePath(place) && places.some((root) => isWithin(place, root));
  const isKnown = [stagedInode, asideInode].every(isInode) && [stagedMode, asideMode].every(isMode);
  return inPlace && inWork(staged) && inWork(aside) && isKnown && isPrint(stagedPrint);
}

const isMode = (value: unknown): boolean =>
  value === undefined || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0o7777);

const isPrint = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && /^[0-9a-f]{32}$/.test(value));

const isInode = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && /^\d{1,20}$/.test(value));

function isChange(change: unknown, places: BytePath[]): boolean {
  const { place, inode, before, after } = (change ?? {}) as AttributeChange;
  const valid = (a: Attributes | undefined) =>
    [a?.mode, a?.uid, a?.gid].every(Number.isInteger) && /^-?\d{1,30}$/.test(String(a?.mtimeNs));
  return (
    isAbsolutePath(place) &&
    places.some((root) => isWithin(place, root)) &&
    isInode(inode) &&
    valid(before) &&
    valid(after)
  );
}

function isParent(parent: unknown): boolean {
  const { place, inode } = (parent ?? {}) as ParentDirectory;
  return isAbsolutePath(place) && inode !== undefined && isInode(inode);
}

function isPathList(value: unknown): value is BytePath[] {
  return Array.isArray(value) && value.length > 0 && value.every(isAbsolutePath);
}

/** Absolute and already normal: no empty, `.` or `..` part, no NUL, bytes only. */
export function isAbsolutePath(value: unknown): value is BytePath {
  if (typeof value !== 'string' || !value.startsWith('/') || /[\0\u0100-\uffff]/.test(value)) return false;
  return (
    value === '/' ||
    value
      .slice(1)
      .split('/')
      .every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function demand(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}

function baseName(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = fs.constants;
const FOR_WRITING = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;

/** Readable by all: a service that runs as another uid must be able to see that a restore is unfinished. */
function writeDurably(path: BytePath, text: string, ground: Ground): void {
  const temporary = `${path}.tmp`;
  const fd = fs.openSync(fsPath(ground.at(temporary)), FOR_WRITING, 0o644);
  try {
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  ground.rename(temporary, path);
  ground.directory(parentOf(path)).sync();
}
