/** What lies beside a database of others, before SQLite may touch it: whoever writes there chooses what SQLite does. */
import * as fs from 'node:fs';
import { type BytePath, fsPath } from '@gofr-backup/model';
import { closeSource, errnoOf, openSource } from '@gofr-backup/posix';

/** What lies beside a database while it is used; `-shm` is never content. */
export const COMPANIONS = ['-wal', '-journal'] as const;
export const ALL_COMPANIONS = [...COMPANIONS, '-shm'] as const;

/**
 * Why SQLite must not open a database; undefined: it may. A FIFO beside it would stop us for ever, through a link it would
 * read and write elsewhere. A journal may name a super-journal, any file at all, which older versions delete when
 * they roll the journal back.
 */
export function openingProblem(database: BytePath): string | undefined {
  for (const suffix of ['', ...ALL_COMPANIONS]) {
    const stat = lookAtFile(database + suffix);
    if (stat && !stat.isFile()) return `its ${suffix || 'name'} is no regular file`;
  }
  if (namesSuperJournal(`${database}-journal`))
    return 'its journal is part of a transaction over several databases';
  return undefined;
}

export function lookAtFile(path: BytePath): fs.BigIntStats | undefined {
  return fs.lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
}

/** https://www.sqlite.org/fileformat.html, section 3: the record at the end of a journal closes with the journal's magic. */
const JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');

function namesSuperJournal(journal: BytePath): boolean {
  const fd = openRegular(journal);
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

/** For reading; undefined when there is none. Throws for what is no regular file, and never waits. */
export function openRegular(path: BytePath): number | undefined {
  let fd: number;
  try {
    fd = openSource(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (fs.fstatSync(fd).isFile()) return fd;
  closeSource(fd);
  throw new Error(`${path} is no regular file`);
}
