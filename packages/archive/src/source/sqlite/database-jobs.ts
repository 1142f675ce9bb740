/** What the child process does with a database. */
import * as fs from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { type BytePath, bytesOf } from '@gofr-backup/model';
import { closeSource } from '@gofr-backup/posix';
import { COMPANIONS, openIfPresent, removeDatabase } from './companions.ts';
import { checkIntegrity } from './integrity.ts';

export type DatabaseJob =
  | { kind: 'backup'; source: BytePath; destination: string }
  | { kind: 'files'; source: BytePath; destination: string }
  | { kind: 'check'; path: BytePath };

export async function runJob(job: DatabaseJob): Promise<unknown> {
  if (job.kind === 'backup') return backUp(job.source, job.destination);
  if (job.kind === 'files') return copyTogether(job.source, job.destination);
  return checkIntegrity(job.path);
}

/** Milliseconds to wait for a writer that holds the whole database. */
const LOCK_TIMEOUT = 10_000;
/** All pages are copied in one step: a copy in several steps starts anew at every commit of another process. */
const ALL_PAGES = 2_000_000_000;

/**
 * False when SQLite refuses: a crash left a hot journal or log, which a reader may not roll back. Only pages are read:
 * nothing of the schema is parsed or run.
 */
async function backUp(source: BytePath, destination: string): Promise<boolean> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(bytesOf(source), { readOnly: true, timeout: LOCK_TIMEOUT, defensive: true });
    // The open transaction pins one state of the database. Without it every commit would start the copy anew.
    database.exec('BEGIN');
    database.prepare('PRAGMA user_version').get();
    await backup(database, destination, { rate: ALL_PAGES });
    return true;
  } catch {
    removeDatabase(destination);
    return false;
  } finally {
    database?.close();
  }
}

/** Answers the suffixes of the files that were there. */
function copyTogether(source: BytePath, destination: string): string[] {
  removeDatabase(destination);
  return ['', ...COMPANIONS].filter((suffix) => copyRegular(source + suffix, destination + suffix));
}

/**
 * Copies by the descriptor, so a file that is put in its place meanwhile is not read. False when there is no file. The
 * copy is for its owner to write, whatever the file is: SQLite leaves a log where it is when it may only read.
 */
function copyRegular(source: BytePath, destination: string): boolean {
  const fd = openIfPresent(source);
  if (fd === undefined) return false;
  try {
    fs.copyFileSync(`/proc/self/fd/${fd}`, destination, fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(destination, 0o600);
    return true;
  } finally {
    closeSource(fd);
  }
}
