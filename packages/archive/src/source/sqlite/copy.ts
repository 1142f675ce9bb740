/** One consistent copy of one SQLite database, without writing a byte beside the original. For a worker thread. */
import * as fs from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { type BytePath, bytesOf, toBytePath } from '@gofr-backup/model';
import { closeSource } from '@gofr-backup/posix';
import { ALL_COMPANIONS, COMPANIONS, lstatIfPresent, openingProblem, openRegular } from './companions.ts';
import { usesWal } from './find.ts';

export type CopyOutcome =
  /** `problem`: the copy equals the source, and the source is damaged */
  | { kind: 'consistent'; size: number; problem?: string }
  /** the files as they were read, together; keys are '' and the companions' suffixes */
  | { kind: 'together'; reason: string; suffixes: string[] }
  | { kind: 'failed'; reason: string };

/** Milliseconds to wait for a writer that holds the whole database. */
const LOCK_TIMEOUT = 10_000;
/** All pages are copied in one step: a copy in several steps starts anew at every commit of another process. */
const ALL_PAGES = 2_000_000_000;
const TRIES = 3;
/** A change this soon after a stat may leave all its values as they were. */
const SETTLED = 1100;

/** The copy goes to `destination`; companions (only when `together`) beside it under the same suffixes. */
export async function copyDatabase(source: BytePath, destination: string): Promise<CopyOutcome> {
  try {
    const refusal = openingProblem(source);
    if (refusal !== undefined) return { kind: 'failed', reason: refusal };
    if (mayOpen(source)) {
      const why = await copyThroughSqlite(source, destination);
      if (why === undefined) return checked(source, destination);
    }
    return await copyFiles(source, destination);
  } catch (error) {
    removeCopies(destination);
    return { kind: 'failed', reason: messageOf(error) };
  }
}

/**
 * Opening a write-ahead-log database that no process has open creates -wal and -shm beside it. This process would own
 * them, and the service could be locked out of its own database. When both exist, another process has the database
 * open, and SQLite creates nothing.
 */
function mayOpen(source: BytePath): boolean {
  if (!usesWal(source)) return true;
  return lstatIfPresent(`${source}-wal`) !== undefined && lstatIfPresent(`${source}-shm`) !== undefined;
}

/**
 * undefined: copied. Otherwise the reason why SQLite refused: a crash left a hot journal or log, which a reader may
 * not roll back.
 */
async function copyThroughSqlite(source: BytePath, destination: string): Promise<string | undefined> {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(bytesOf(source), { readOnly: true, timeout: LOCK_TIMEOUT });
    // The open transaction pins one state of the database. Without it every commit would start the copy anew.
    database.exec('BEGIN');
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    await backup(database, destination, { rate: ALL_PAGES });
    return undefined;
  } catch (error) {
    removeCopies(destination);
    return messageOf(error);
  } finally {
    database?.close();
  }
}

function checked(source: BytePath, destination: string): CopyOutcome {
  const problem = integrityProblem(destination, { writable: true });
  for (const suffix of ALL_COMPANIONS) fs.rmSync(destination + suffix, { force: true });
  const { size } = fs.statSync(destination);
  return problem === undefined ? { kind: 'consistent', size } : { kind: 'consistent', size, problem };
}

/** A database at rest (closed, or left by a crash): its files, if none changed meanwhile, opened away from the original. */
async function copyFiles(source: BytePath, destination: string): Promise<CopyOutcome> {
  let reason = 'its files changed while they were copied';
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    await untilSettled(source, destination);
    const before = fingerprint(source);
    copyTogether(source, destination);
    if (fingerprint(source) !== before) continue;
    const problem = integrityProblem(destination, { writable: true });
    if (problem === undefined) return checked(source, destination);
    reason = problem;
    break;
  }
  return { kind: 'together', reason, suffixes: copyTogether(source, destination) };
}

function copyTogether(source: BytePath, destination: string): string[] {
  removeCopies(destination);
  return ['', ...COMPANIONS].filter((suffix) => copyRegular(source + suffix, destination + suffix));
}

/** Copies by the descriptor, so a file that is put in its place meanwhile is not read. False when there is no file. */
function copyRegular(source: BytePath, destination: string): boolean {
  const fd = openRegular(source);
  if (fd === undefined) return false;
  try {
    fs.copyFileSync(`/proc/self/fd/${fd}`, destination, fs.constants.COPYFILE_FICLONE);
    return true;
  } finally {
    closeSource(fd);
  }
}

/** What stat(2) knows of the database and what lies beside it. */
function fingerprint(source: BytePath): string {
  const factsOf = (suffix: string) => {
    const stat = lstatIfPresent(source + suffix);
    return stat && [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join();
  };
  return ['', ...COMPANIONS].map(factsOf).join('|');
}

/** Waits by the file system's own clock, because a file server's clock may differ from this host's. */
async function untilSettled(source: BytePath, destination: string): Promise<void> {
  const changed = Math.max(...['', ...COMPANIONS].map((suffix) => changedAt(source + suffix)));
  fs.writeFileSync(destination, '');
  const wait = changed + SETTLED - fs.statSync(destination).ctimeMs;
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(wait, SETTLED)));
}

function changedAt(path: BytePath): number {
  return Number(lstatIfPresent(path)?.ctimeMs ?? 0);
}

/** The first complaint of `integrity_check`, or why the database cannot be opened; undefined when it is whole. */
export function integrityProblem(path: string, how: { writable: boolean }): string | undefined {
  return checkIntegrity(toBytePath(path), how)?.problem;
}

/** `proven`: the content is at fault, and not a full disk, a missing right or an extension that is not here. */
export interface IntegrityFinding {
  problem: string;
  proven: boolean;
}

/**
 * Only for a copy. When writable, SQLite first finishes what a crash left unfinished, as it would for any program
 * that opens the database.
 */
export function checkIntegrity(
  path: BytePath,
  { writable }: { writable: boolean },
): IntegrityFinding | undefined {
  const refusal = openingProblem(path);
  if (refusal !== undefined) return { problem: refusal, proven: false };
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(bytesOf(path), { readOnly: !writable });
    const rows = database.prepare('PRAGMA integrity_check(3)').all() as { integrity_check: string }[];
    const text = rows.map((row) => row.integrity_check).join('; ');
    return text === 'ok' ? undefined : { problem: text, proven: true };
  } catch (error) {
    // A table of an extension that is not installed here proves nothing about the file.
    if (/no such module/.test(messageOf(error))) return undefined;
    return { problem: messageOf(error), proven: CONTENT_ERRORS.has(resultCodeOf(error)) };
  } finally {
    database?.close();
  }
}

/** https://www.sqlite.org/rescode.html: SQLITE_CORRUPT and SQLITE_NOTADB */
const CONTENT_ERRORS: ReadonlySet<number> = new Set([11, 26]);

/** The primary code is the low byte of an extended one. */
const resultCodeOf = (error: unknown): number =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1;

function removeCopies(destination: string): void {
  for (const suffix of ['', ...ALL_COMPANIONS]) fs.rmSync(destination + suffix, { force: true });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
