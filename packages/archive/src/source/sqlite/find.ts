/** Recognises a SQLite database among the entries of a walk. */
import * as fs from 'node:fs';
import type { BytePath } from '@gofr-backup/model';
import { openRegularSync } from '@gofr-backup/posix';
import { openContent, pathOnDisk } from '../content.ts';
import type { WalkEntry } from '../source.ts';
import { COMPANIONS, lstatIfPresent } from './companions.ts';

/** https://www.sqlite.org/fileformat.html, section 1.3: the header string, and the smallest page */
const MAGIC = Buffer.from('SQLite format 3\0');
const SMALLEST_PAGE = 512;

/**
 * Costs one open for each file whose size is a multiple of 512 (every page size is) or that has a -wal or -journal beside
 * it. `next`: the entry after it. Names are sorted, so it has the file's name for its beginning when a companion is there.
 */
export function isDatabaseEntry(entry: WalkEntry, next: WalkEntry | undefined): boolean {
  const { type, path, size } = entry;
  if (type !== 'file') return false;
  const isWholePages = size >= SMALLEST_PAGE && size % SMALLEST_PAGE === 0;
  if (!isWholePages && !(next?.path.startsWith(path) && hasCompanion(pathOnDisk(entry)))) return false;
  return hasMagic(() => openContent(entry));
}

export function hasCompanion(source: BytePath): boolean {
  try {
    return COMPANIONS.some((suffix) => lstatIfPresent(source + suffix)?.isFile());
  } catch {
    return false; // the name would be too long: SQLite could not make it either
  }
}

/** False also for a file that cannot be read: the archive writer reports it. */
export function isDatabase(path: BytePath): boolean {
  return hasMagic(() => openRegularSync(path));
}

function hasMagic(open: () => number): boolean {
  const header = readHeader(open, MAGIC.length);
  return header !== undefined && header.equals(MAGIC);
}

/** Bytes 18 and 19 (file format versions) are 2 for a write-ahead log. */
export function usesWal(path: BytePath): boolean {
  const header = readHeader(() => openRegularSync(path), 20);
  return header !== undefined && (header[18] === 2 || header[19] === 2);
}

function readHeader(open: () => number, length: number): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = open();
    const header = Buffer.alloc(length);
    return fs.readSync(fd, header, 0, length, 0) === length ? header : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
