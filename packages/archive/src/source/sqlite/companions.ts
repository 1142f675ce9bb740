/**
 * Judges the files beside a database before SQLite opens it. They belong to the application, and they steer what
 * SQLite does.
 */
import * as fs from 'node:fs';
import { type BytePath, fsPath } from '@gofr-backup/model';
import { closeSource, isErrno, openRegularSync } from '@gofr-backup/posix';

/** What lies beside a database while it is used; `-shm` is never content. */
export const COMPANIONS = ['-wal', '-journal'] as const;
export const ALL_COMPANIONS = [...COMPANIONS, '-shm'] as const;

/**
 * Why SQLite must not open a database; undefined: it may. A FIFO beside the database would block SQLite for ever;
 * through a link SQLite would read and write elsewhere. A journal may name any file as its super-journal, and older
 * versions of SQLite delete that file when they roll the journal back.
 */
export function openingProblem(database: BytePath): string | undefined {
  for (const suffix of ['', ...ALL_COMPANIONS]) {
    const stat = lstatIfPresent(database + suffix);
    if (stat && !stat.isFile()) return `its ${suffix || 'name'} is no regular file`;
  }
  if (namesSuperJournal(`${database}-journal`))
    return 'its journal is part of a transaction over several databases';
  return undefined;
}

export function lstatIfPresent(path: BytePath): fs.BigIntStats | undefined {
  return fs.lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
}

/** What stat(2) knows of a file; undefined: there is none. */
export function factsOf(path: BytePath): string | undefined {
  const stat = lstatIfPresent(path);
  return stat && [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join();
}

/** Of the database and what lies beside it. A file of holes is large for nothing. */
export function diskUsage(database: BytePath): number {
  return sum(database, ({ size, blocks }) => Math.min(Number(size), Number(blocks) * 512));
}

export function apparentSize(database: BytePath): number {
  return sum(database, ({ size }) => Number(size));
}

function sum(database: BytePath, amount: (stat: fs.BigIntStats) => number): number {
  return ['', ...COMPANIONS]
    .map((suffix) => lstatIfPresent(database + suffix))
    .reduce((total, stat) => total + (stat === undefined ? 0 : amount(stat)), 0);
}

/** Removes a copy, or what lies beside it alone. */
export function removeDatabase(copy: string, suffixes: readonly string[] = ['', ...ALL_COMPANIONS]): void {
  for (const suffix of suffixes) fs.rmSync(copy + suffix, { force: true });
}

/** https://www.sqlite.org/fileformat.html, section 3: the record at the end of a journal closes with the journal's magic. */
const JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');

function namesSuperJournal(journal: BytePath): boolean {
  const fd = openIfPresent(journal);
  if (fd === undefined) return false;
  try {
    const end = Buffer.alloc(JOURNAL_MAGIC.length);
    const { size } = fs.fstatSync(fd);
    if (size <= end.length) return false;
    fs.readSync(fd, end, 0, end.length, size - end.length);
    return end.equals(JOURNAL_MAGIC);
  } finally {
    closeSource(fd);
  }
}

/** Undefined when there is none. */
export function openIfPresent(path: BytePath): number | undefined {
  try {
    return openRegularSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
