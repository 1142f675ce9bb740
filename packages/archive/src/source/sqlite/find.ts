/** Finds SQLite databases among the files of components. */
import * as fs from 'node:fs';
import { type BytePath, fsPath } from '@gofr-backup/model';
import type { Source } from '../source.ts';
import { COMPANIONS } from './companions.ts';

export interface FoundDatabase {
  /** on disk */
  path: BytePath;
  /** inside the archive */
  archived: BytePath;
  size: number;
}

/** https://www.sqlite.org/fileformat.html, section 1.3: the header string, and the smallest page */
const MAGIC = Buffer.from('SQLite format 3\0');
const SMALLEST_PAGE = 512;

/**
 * Costs one lstat a file, and one open for each whose size is a multiple of 512 (every page size is) or that has a
 * -wal or -journal beside it. Synchronous: for a worker thread.
 */
export function findDatabases(from: Source): FoundDatabase[] {
  const found = new Map<BytePath, FoundDatabase>();
  const odd = new Map<BytePath, FoundDatabase>();
  const companions: BytePath[] = [];
  for (const { type, source, path, size } of from.entries()) {
    if (type !== 'file') continue;
    const suffix = COMPANIONS.find((each) => source.endsWith(each));
    if (suffix) companions.push(source.slice(0, -suffix.length));
    const candidate = { path: source, archived: path, size };
    if (size < SMALLEST_PAGE || size % SMALLEST_PAGE !== 0) odd.set(source, candidate);
    else if (isDatabase(source)) found.set(source, candidate);
  }
  for (const base of companions) {
    const candidate = odd.get(base);
    if (candidate && isDatabase(base)) found.set(base, candidate);
  }
  return [...found.values()];
}

/** False also for what cannot be read: the archive writer will say so. */
export function isDatabase(path: BytePath): boolean {
  const header = readHeader(path, MAGIC.length);
  return header !== undefined && header.equals(MAGIC);
}

/** Bytes 18 and 19 (file format versions) are 2 for a write-ahead log. */
export function usesWal(path: BytePath): boolean {
  const header = readHeader(path, 20);
  return header !== undefined && (header[18] === 2 || header[19] === 2);
}

function readHeader(path: BytePath, length: number): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(fsPath(path), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    const header = Buffer.alloc(length);
    return fs.readSync(fd, header, 0, length, 0) === length ? header : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
