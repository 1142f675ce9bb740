/** One consistent copy of one SQLite database, without writing a byte beside the original. */
import { statSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type BytePath, toBytePath } from '@gofr-backup/model';
import {
  ALL_COMPANIONS,
  COMPANIONS,
  factsOf,
  lstatIfPresent,
  openingProblem,
  removeDatabase,
} from './companions.ts';
import type { DatabaseProcess } from './database-process.ts';
import { usesWal } from './find.ts';

export type CopyOutcome =
  /**
   * `damage`: the copy equals the source, and the source is damaged; `unchecked`: why that is not known. `suffixes`: what
   * lies beside the copy and belongs to it. `isFile`: the copy has the pages of the file itself, without any of a log.
   */
  | { kind: 'consistent'; suffixes: readonly string[]; isFile: boolean; damage?: string; unchecked?: string }
  /** the files as they were read, together; `suffixes` of those that were there, '' of the database itself */
  | { kind: 'together'; reason: string; suffixes: readonly string[] }
  | { kind: 'failed'; reason: string };

const TRIES = 3;
/** A change this soon after a stat may leave all its values as they were. */
const SETTLED = 1100;

export interface DatabaseToCopy {
  source: BytePath;
  /** companions go beside it under the same suffixes */
  destination: string;
  /** another name of the file has no log beside it, so the log must not get into the file */
  hasOtherNames: boolean;
}

/** Throws only when the process was cancelled: whatever a database does to SQLite is an outcome. */
export async function copyDatabase(database: DatabaseToCopy, sqlite: DatabaseProcess): Promise<CopyOutcome> {
  const { source, destination } = database;
  try {
    const refusal = openingProblem(source);
    if (refusal !== undefined) return { kind: 'failed', reason: refusal };
    const live = mayOpen(source) ? await copyLive(source, destination, sqlite) : undefined;
    return live ?? (await copyAtRest(database, sqlite));
  } catch (error) {
    sqlite.signal.throwIfAborted();
    removeDatabase(destination);
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
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

/** Through SQLite itself, in one transaction; undefined when SQLite refuses. */
async function copyLive(
  source: BytePath,
  destination: string,
  sqlite: DatabaseProcess,
): Promise<CopyOutcome | undefined> {
  const before = fingerprint(source);
  const live = { kind: 'consistent', suffixes: [''], isFile: !usesWal(source) } as const;
  if (!(await sqlite.backUp(source, destination))) return undefined;
  const finding = await sqlite.check(toBytePath(destination));
  removeDatabase(destination, ALL_COMPANIONS);
  if (finding === undefined) return live;
  if (finding.proven) return { ...live, damage: finding.problem };
  // What lies still needs no SQLite to be read consistently. Other files than SQLite's would not do.
  if (fingerprint(source) !== before) return { ...live, unchecked: finding.problem };
  removeDatabase(destination);
  return { kind: 'failed', reason: finding.problem };
}

/** A database at rest (closed, or left by a crash): its files, if none changed meanwhile, opened away from the original. */
async function copyAtRest(
  { source, destination, hasOtherNames }: DatabaseToCopy,
  sqlite: DatabaseProcess,
): Promise<CopyOutcome> {
  let reason = 'its files changed while they were copied';
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    await untilSettled(source, destination, sqlite.signal);
    const before = fingerprint(source);
    const isStill = (): boolean => fingerprint(source) === before;
    const copied = await sqlite.copyFiles(source, destination);
    if (!isStill()) continue;
    const finding = await sqlite.check(toBytePath(destination));
    if (finding !== undefined) {
      reason = finding.problem;
      break;
    }
    if (hasLog(destination) || (hasOtherNames && copied.length > 1)) {
      const suffixes = await sqlite.copyFiles(source, destination);
      if (isStill()) return { kind: 'consistent', suffixes, isFile: true };
      continue;
    }
    removeDatabase(destination, ALL_COMPANIONS);
    return { kind: 'consistent', suffixes: [''], isFile: copied.length === 1 };
  }
  return { kind: 'together', reason, suffixes: await sqlite.copyFiles(source, destination) };
}

/** SQLite did not bring all of it into the copy, and will for whoever opens both. */
const hasLog = (copy: string): boolean => (statSync(`${copy}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/** Of the database and what lies beside it. */
const fingerprint = (source: BytePath): string =>
  ['', ...COMPANIONS].map((suffix) => factsOf(source + suffix)).join('|');

/** Waits by the file system's own clock, because a file server's clock may differ from this host's. */
async function untilSettled(source: BytePath, destination: string, signal: AbortSignal): Promise<void> {
  const changed = Math.max(...['', ...COMPANIONS].map((suffix) => changedAt(source + suffix)));
  writeFileSync(destination, '');
  const wait = changed + SETTLED - statSync(destination).ctimeMs;
  if (wait > 0) await setTimeout(Math.min(wait, SETTLED), undefined, { signal });
}

function changedAt(path: BytePath): number {
  return Number(lstatIfPresent(path)?.ctimeMs ?? 0);
}
