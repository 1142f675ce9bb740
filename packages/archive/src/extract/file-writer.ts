/**
 * Writes into a fresh directory. No link is followed: links are made after the last file, and every open has O_EXCL
 * or O_NOFOLLOW besides. Synchronous: for worker threads, and for small steps.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  openSync,
  writeSync,
} from 'node:fs';
import { type ArchiveEntry, type BytePath, fsPath, joinPath, utimeOf } from '@gofr-backup/model';
import { errnoOf } from '@gofr-backup/posix';

const { O_CREAT, O_DIRECT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const PAGE_BYTES = 4096;
/** Smallest hole worth making: a block of every common file system. */
const HOLE_BYTES = 4096;
const ZEROS = Buffer.alloc(HOLE_BYTES);
const SPECIAL_BITS = 0o7000;

export type Metadata = Pick<ArchiveEntry, 'mode' | 'uid' | 'gid' | 'mtimeNs'>;

export interface Ownership {
  /** chown to the archive's owners */
  owners: boolean;
  /** what a new file gets by itself */
  uid: number;
  gid: number;
  umask: number;
}

/** A new file below `root`. Throws EEXIST, ELOOP and the like: nothing that is there is touched. */
export function createFile(root: BytePath, path: BytePath, mode = 0o600): number {
  return openSync(fsPath(joinPath(root, path)), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

/** A file that createFile made before. */
export function reopenFile(root: BytePath, path: BytePath, flags = 0): number {
  return openSync(fsPath(joinPath(root, path)), O_WRONLY | O_NOFOLLOW | flags);
}

/**
 * Writes a part of a file that createFile made before. Whole pages go past the page cache where memory and file
 * system allow it: a restore ends when the disk has everything, and the kernel need not find memory for a copy.
 */
export function writePart(
  root: BytePath,
  path: BytePath,
  bytes: Buffer,
  { offset, sparse }: { offset: number; sparse: boolean },
): void {
  if (!sparse && arePages(bytes, offset) && wroteDirectly(root, path, bytes, offset)) return;
  const fd = reopenFile(root, path);
  try {
    if (sparse) writeSparseAt(fd, bytes, offset);
    else writeAt(fd, bytes, offset);
  } finally {
    closeSync(fd);
  }
}

const arePages = (bytes: Buffer, offset: number): boolean =>
  [bytes.byteOffset, bytes.length, offset].every((place) => place % PAGE_BYTES === 0);

/** False where direct writes are not possible. Nothing or only a part is written then. */
function wroteDirectly(root: BytePath, path: BytePath, bytes: Buffer, offset: number): boolean {
  let fd: number | undefined;
  try {
    fd = reopenFile(root, path, O_DIRECT);
    writeAt(fd, bytes, offset);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EINVAL') return false;
    throw cause;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function writeAt(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

/** Leaves out blocks of zeros; the file must be set to its length afterwards. `position` may be anything. */
export function writeSparseAt(fd: number, bytes: Buffer, position: number): void {
  let dataFrom = -1;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + HOLE_BYTES - ((position + at) % HOLE_BYTES));
    const hole = bytes.compare(ZEROS, 0, end - at, at, end) === 0;
    if (!hole && dataFrom === -1) dataFrom = at;
    if (hole && dataFrom !== -1) {
      writeAt(fd, bytes.subarray(dataFrom, at), position + dataFrom);
      dataFrom = -1;
    }
    at = end;
  }
  if (dataFrom !== -1) writeAt(fd, bytes.subarray(dataFrom), position + dataFrom);
}

/** Owner first: chown clears setuid. Times last: every other step changes them. */
export function setMetadata(fd: number, wanted: Metadata, ownership: Ownership, createdAs = 0o600): void {
  const { mode, uid, gid, mtimeNs } = wanted;
  if (ownership.owners && (uid !== ownership.uid || gid !== ownership.gid)) fchownSync(fd, uid, gid);
  if (mode !== (createdAs & ~ownership.umask)) fchmodSync(fd, mode);
  const time = utimeOf(mtimeNs);
  futimesSync(fd, time, time);
}

/** A whole small file at once. */
export function writeNewFile(
  root: BytePath,
  path: BytePath,
  content: Buffer,
  file: Metadata & { sparse?: boolean },
  ownership: Ownership,
): void {
  const createdAs = file.mode & ~SPECIAL_BITS;
  const fd = createFile(root, path, createdAs);
  try {
    if (file.sparse) {
      writeSparseAt(fd, content, 0);
      ftruncateSync(fd, content.length);
    } else {
      writeAt(fd, content, 0);
    }
    setMetadata(fd, file, ownership, createdAs);
  } finally {
    closeSync(fd);
  }
}
