/** Compares an extracted tree on the disk with the archive's index. */
import {
  type ArchiveReader,
  isDatabase,
  notRestored,
  type ArchiveProblem,
  TIME_NOT_KEPT,
} from '@gofr-backup/archive';
import {
  type ArchiveEntry,
  type BytePath,
  displayPath,
  hasAllXattrs,
  isSameTime,
  joinPath,
  type Ports,
  type ProgressEvent,
  storedSizeOf,
  type Warning,
} from '@gofr-backup/model';
import {
  breathe,
  DirectoryHandle,
  type FileStat,
  isDirectory,
  isFile,
  isLink,
  lacking,
  readXattrs,
} from '@gofr-backup/posix';
import { readLink } from './changes.ts';
import { Ground } from './ground/ground.ts';
import { hasContent } from './has-content.ts';
import { hashFile } from './hash-file.ts';
import { PathSet } from './path-set.ts';

export interface Comparison {
  files: number;
  bytes: number;
  problems: ArchiveProblem[];
  /** SQLite databases among the files: archive path, and where it lies */
  databases: { path: BytePath; place: BytePath }[];
}

/** How it was extracted. */
interface Extraction {
  warnings?: readonly Warning[];
  /** whether extended attributes were restored */
  xattrs?: boolean;
}

const CHUNK = 1 << 20;
const OTHER_TIME = 'has another modification time';
const OTHER_MODE = 'has another mode';
const OTHER_OWNER = 'has another owner';
const OTHER_XATTRS = 'has other extended attributes';
/** The most problems that are listed: a person reads no more. */
const MOST_PROBLEMS = 100;

/**
 * Checks that every entry is there with its type, size, mode, time, content and link target, and that there is
 * nothing else. Owners are compared only as root, because only root can restore them. `warnings` are the
 * extraction's: a time that it could not set is already reported there.
 */
export async function compareTree(
  reader: ArchiveReader,
  root: BytePath,
  ports: Ports,
  { warnings = [], xattrs = true }: Extraction = {},
): Promise<Comparison> {
  const result: Comparison = { files: 0, bytes: 0, problems: [], databases: [] };
  const known = new PathSet();
  const isTold = toldBy(warnings, xattrs);
  const buffer = Buffer.alloc(CHUNK);
  using ground = new Ground();
  ground.hold(root, DirectoryHandle.open(root));
  const unhashed: { path: BytePath; place: BytePath }[] = [];
  let sinceBreath = 0;
  for await (const entry of reader.entries()) {
    ports.signal.throwIfAborted();
    known.addWithParents(entry.path);
    const place = joinPath(root, entry.path);
    const differences = await differencesOf(entry, place, { root, ground }, buffer);
    const message = differences.find((difference) => !isTold(difference, entry));
    if (message !== undefined) report(result, { path: displayPath(entry.path), message });
    if (entry.type === 'directory') continue;
    if (message === undefined && entry.type === 'file' && entry.size > 0 && entry.hash === undefined)
      unhashed.push({ path: entry.path, place });
    result.files++;
    result.bytes += storedSizeOf(entry);
    if (entry.type === 'file' && entry.size >= 512 && isDatabase(ground.at(place)))
      result.databases.push({ path: entry.path, place });
    sinceBreath += storedSizeOf(entry) + 4096;
    if (sinceBreath < CHUNK) continue;
    sinceBreath = 0;
    ports.progress(progressOf(result));
    await breathe();
  }
  ports.progress(progressOf(result));
  for (const { path, place } of unhashed)
    if (!(await hasContent(ground.at(place), reader.pieces(displayPath(path)), ports.signal)))
      report(result, { path: displayPath(path), message: 'has another content' });
  if (countBelow(root, ground) !== known.size)
    for (const { relative } of ground.walk(root))
      if (relative !== '' && !known.has(relative))
        report(result, { path: displayPath(relative), message: 'is not in the archive' });
  return result;
}

const progressOf = ({ bytes, files }: Comparison): ProgressEvent => ({ phase: 'compare', bytes, files });

function report(result: Comparison, problem: ArchiveProblem): void {
  if (result.problems.length < MOST_PROBLEMS) result.problems.push(problem);
}

/**
 * Counts the files below `root`. Counting comes first because it takes no memory for each path: when the numbers
 * agree, nothing else can be there.
 */
function countBelow(root: BytePath, ground: Ground): number {
  let count = -1;
  for (const _ of ground.walk(root)) count++;
  return count;
}

/** What the target or our rights do not permit: the extraction has said so. */
function toldBy(
  warnings: readonly Warning[],
  xattrs: boolean,
): (difference: string, entry: ArchiveEntry) => boolean {
  const codes = new Set(warnings.map(({ code }) => code));
  const told = new Set(
    Object.entries({ owner: OTHER_OWNER, mode: OTHER_MODE, time: OTHER_TIME, xattrs: OTHER_XATTRS } as const)
      .filter(([kind]) => codes.has(notRestored(kind as 'owner')))
      .map(([, difference]): string => difference),
  );
  if (!xattrs || lacking().length > 0) told.add(OTHER_XATTRS);
  const timeNotKept = new Set(warnings.filter(({ code }) => code === TIME_NOT_KEPT).map(({ path }) => path));
  return (difference, { path }) =>
    told.has(difference) || (difference === OTHER_TIME && timeNotKept.has(displayPath(path)));
}

/** The extracted tree: its paths may be longer than the kernel takes at once. */
interface Tree {
  root: BytePath;
  ground: Ground;
}

/** Attributes first. */
async function differencesOf(
  entry: ArchiveEntry,
  place: BytePath,
  { root, ground }: Tree,
  buffer: Buffer,
): Promise<string[]> {
  const stat = ground.lstat(place);
  if (!stat) return ['was not restored'];
  if (!isOfType(entry, stat)) return [`was restored as something else than a ${entry.type}`];
  const xattrs = hasXattrs(entry, place, ground) ? [] : [OTHER_XATTRS];
  if (entry.type === 'symlink')
    return readLink(ground.at(place)) === entry.linkTarget ? xattrs : ['leads elsewhere', ...xattrs];
  if (entry.type === 'hardlink') {
    const target = ground.lstat(joinPath(root, entry.linkTarget!));
    return target?.ino === stat.ino ? [] : ['is no longer the same file as its other name'];
  }
  const content =
    entry.type === 'file' ? await contentDifference(entry, ground.at(place), stat, buffer) : undefined;
  return [...attributeDifferences(entry, stat), ...xattrs, ...(content === undefined ? [] : [content])];
}

/** Whether it has all the attributes that are archived; it may have others, as a directory hands its default ACL down. */
function hasXattrs({ xattrs }: ArchiveEntry, place: BytePath, ground: Ground): boolean {
  if (xattrs === undefined) return true;
  const { directory, name } = ground.named(place);
  return hasAllXattrs(readXattrs({ directory: directory.fd, name }), xattrs);
}

function isOfType({ type }: ArchiveEntry, stat: FileStat): boolean {
  if (type === 'directory') return isDirectory(stat);
  return type === 'symlink' ? isLink(stat) : isFile(stat);
}

function attributeDifferences(entry: ArchiveEntry, stat: FileStat): string[] {
  const root = process.geteuid?.() === 0;
  const bits = root ? 0o7777 : 0o777;
  const differences: string[] = [];
  if ((stat.mode & bits) !== (entry.mode & bits)) differences.push(OTHER_MODE);
  if (!isSameTime(entry.mtimeNs, stat.mtimeNs)) differences.push(OTHER_TIME);
  if (root && (stat.uid !== entry.uid || stat.gid !== entry.gid)) differences.push(OTHER_OWNER);
  return differences;
}

async function contentDifference(
  entry: ArchiveEntry,
  place: BytePath,
  stat: FileStat,
  buffer: Buffer,
): Promise<string | undefined> {
  if (stat.size !== entry.size) return `has ${stat.size} bytes instead of ${entry.size}`;
  if (entry.hash === undefined) return undefined;
  return (await hashFile(place, buffer)) === entry.hash.toString('hex') ? undefined : 'has another content';
}
