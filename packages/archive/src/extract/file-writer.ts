/**
 * Writes files below an open directory, which is given by its descriptor: threads use the same one. No link is followed,
 * neither at the last name nor above it. Synchronous: for worker threads, and for small steps.
 */
import { closeSync, constants, ftruncateSync, writeSync } from 'node:fs';
import { BackupError, type BytePath, displayPath, formatSize } from '@gofr-backup/model';
import { errnoOf, openBeneath } from '@gofr-backup/posix';
import type { DataPart } from '../tar/sparse.ts';
import type { Metadata, MetadataWriter } from './metadata.ts';

const { O_CREAT, O_DIRECT, O_EXCL, O_WRONLY } = constants;
const PAGE_BYTES = 4096;
/** Smallest hole worth making: a block of every common file system. */
const HOLE_BYTES = 4096;
const ZEROS = Buffer.alloc(HOLE_BYTES);
const SPECIAL_BITS = 0o7000;
const OWNER_WRITES = 0o200;
/** Of a file that is written in parts, until its metadata is set. */
export const PART_MODE = 0o600;

/** A new file below `root`. Throws EEXIST, ELOOP and the like: nothing that is there is touched. */
export function createFile(root: number, path: BytePath, mode = PART_MODE): number {
  return openBeneath(root, path, O_WRONLY | O_CREAT | O_EXCL, mode);
}

/** A file that createFile made before. */
export function reopenFile(root: number, path: BytePath, flags = 0): number {
  return openBeneath(root, path, O_WRONLY | flags);
}

/**
 * Writes a part of a file that createFile made before. Whole pages go past the page cache where memory and file
 * system allow it: a restore ends when the disk has everything, and the kernel need not find memory for a copy.
 */
export function writePart(
  root: number,
  path: BytePath,
  bytes: Buffer,
  { offset, sparse }: { offset: number; sparse: boolean },
): void {
  const pages = sparse ? NO_PAGES : pagesOf(bytes, offset);
  const direct = pages.end > pages.start && wroteDirectly(root, path, bytes, offset, pages);
  if (direct && pages.start === 0 && pages.end === bytes.length) return;
  const fd = reopenFile(root, path);
  try {
    if (sparse) return writeSparseAt(fd, bytes, offset);
    if (!direct) return writeAt(fd, bytes, offset);
    writeAt(fd, bytes.subarray(0, pages.start), offset);
    writeAt(fd, bytes.subarray(pages.end), offset + pages.end);
  } finally {
    closeSync(fd);
  }
}

/** The same of a file with holes: `parts` tell where the bytes belong. What looks like a hole in them is data. */
export function writeDataParts(
  root: number,
  path: BytePath,
  bytes: Buffer,
  parts: readonly DataPart[],
): void {
  const fd = reopenFile(root, path);
  try {
    let at = 0;
    for (const { position, length } of parts) writeAt(fd, bytes.subarray(at, (at += length)), position);
  } finally {
    closeSync(fd);
  }
}

/** Bytes that fill pages, in memory as well as in the file. */
interface Pages {
  start: number;
  end: number;
}

const NO_PAGES: Pages = { start: 0, end: 0 };

function pagesOf({ byteOffset, length }: Buffer, offset: number): Pages {
  if ((byteOffset - offset) % PAGE_BYTES !== 0) return NO_PAGES;
  const start = (PAGE_BYTES - (offset % PAGE_BYTES)) % PAGE_BYTES;
  return { start, end: length - ((offset + length) % PAGE_BYTES) };
}

/** False where direct writes are not possible. Nothing or only a part is written then. */
function wroteDirectly(
  root: number,
  path: BytePath,
  bytes: Buffer,
  offset: number,
  { start, end }: Pages,
): boolean {
  let fd: number | undefined;
  try {
    fd = reopenFile(root, path, O_DIRECT);
    writeAt(fd, bytes.subarray(start, end), offset + start);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EINVAL') return false;
    throw cause;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Holes and all. Throws DISK_FULL, naming the file, where no file can be so long. */
export function setLength(fd: number, path: BytePath, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch (cause) {
    if (errnoOf(cause) !== 'EFBIG') throw cause;
    throw new BackupError(
      'DISK_FULL',
      `"${displayPath(path)}" is too long for the file system restored into`,
      {
        why: `It has ${formatSize(size)}, most of which are holes.`,
        hint: 'Restore elsewhere (--to), or restore the rest (--path).',
        cause,
      },
    );
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

/** A whole small file at once. */
export function writeNewFile(
  root: number,
  path: BytePath,
  content: Buffer,
  file: Metadata & { sparse?: boolean },
  metadata: MetadataWriter,
): void {
  // the attributes that follow can only be set while the owner may write
  const createdAs = (file.mode & ~SPECIAL_BITS) | (file.xattrs ? OWNER_WRITES : 0);
  const fd = createFile(root, path, createdAs);
  try {
    if (file.sparse) {
      writeSparseAt(fd, content, 0);
      setLength(fd, path, content.length);
    } else {
      writeAt(fd, content, 0);
    }
    metadata.setFile(fd, file, createdAs);
  } finally {
    closeSync(fd);
  }
}
