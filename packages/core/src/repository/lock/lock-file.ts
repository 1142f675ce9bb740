/**
 * The lock of a directory as files that are numbered: `lock.1`, `lock.2` and so on. The highest number is the lock.
 *
 * The highest                    Who may do what
 * none                           anybody makes number 1
 * `held`, its holder lives       the holder writes into it; all others are told BUSY
 * `held`, its holder is dead     anybody makes the next number
 * `done`                         anybody makes the next number
 * unreadable                     as `held` by a holder that cannot be asked: dead after its silence
 * no regular file                none of ours: anybody makes the next number
 *
 * 1. A number is made once: by link(2), or by an exclusive create. The maker has seen that the number before is over.
 * 2. A number says in `after` which file was the number before. It counts only if that file was still there
 *    afterwards: so the maker checks it again, and so does a process that makes the next number.
 * 3. A file is removed only by the holder of a number at least two higher, and only when the number before is gone.
 *    Number 1 is never gone: it is emptied. By 3, when a number is free again, the file before it is gone. By 2, a
 *    file made under that number does not count. So no step on a name can hit another's lock, however late it comes.
 */
import type { BigIntStats } from 'node:fs';
import { link, lstat, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ignoring, isErrno } from '@gofr-backup/model';
import type { ProcessIdentity } from './identity.ts';
import { LOCK_FILE } from '../layout.ts';
import { parseObject } from '../catalogue/manifest.ts';
import { inheritOwner } from '../owner.ts';
import { namesIn } from '../catalogue/scan.ts';
import { readSmallFile } from '../small-file.ts';

/** Awaited before each step on disk; tests force interleavings with it. */
export type LockStep = (name: string) => Promise<void>;

/** Who holds a lock. */
export interface LockHolder extends ProcessIdentity {
  /** different for every taking */
  token: string;
  operation: string;
  owner: string;
  /** ISO 8601 UTC */
  since: string;
  /** name of the heartbeat socket beside the lock file, where there could be one */
  beacon?: string;
}

/** A lock file's content beside its holder. */
export interface Claim {
  /** the mark of the number before; empty: there was none */
  after: string;
  /** the mark of a lock of the first form that was found dead */
  old?: string;
}

export interface FoundLock extends Claim {
  /** undefined: not readable as a lock: half written where link(2) is missing, damaged, or another user's file */
  holder: LockHolder | undefined;
  /** false: something else has the name of a lock */
  isFile: boolean;
  isDone: boolean;
  /** identifies this very file: its token, or for an unreadable file its inode and times */
  mark: string;
  /** the file system's own time, milliseconds */
  beatAt: number;
}

export interface NumberedLock extends FoundLock {
  number: number;
  /** the number before was still there, so this file is no late copy of a number that was used before */
  proven: boolean;
}

const NUMBERED = new RegExp(`^${LOCK_FILE}\\.([1-9]\\d{0,15})$`);
export const lockPath = (stateDir: string, number: number): string =>
  join(stateDir, `${LOCK_FILE}.${number}`);

/** Ascending. A listing is not one moment: numbers made or removed meanwhile may be missing. */
export async function lockNumbers(stateDir: string): Promise<number[]> {
  const numbers = (await namesIn(stateDir)).map((name) => Number(NUMBERED.exec(name)?.[1]));
  return numbers.filter(Number.isSafeInteger).sort((a, b) => a - b);
}

/** Number 1, emptied, counts as gone. */
export async function isThere(stateDir: string, number: number): Promise<boolean> {
  const status = await statusOf(lockPath(stateDir, number));
  return status !== undefined && (number > 1 || status.size > 0n);
}

const MOST_READINGS = 20;
/** Milliseconds. */
const PAUSE = 5;

/** The highest number; undefined: there was never one. */
export async function findLock(
  stateDir: string,
  step: LockStep = async () => {},
): Promise<NumberedLock | undefined> {
  let last: NumberedLock | undefined;
  for (let reading = 0; reading < MOST_READINGS; reading++) {
    if (reading > 0) await sleep(PAUSE);
    await step('list');
    const number = await highest(stateDir);
    if (number === 0) return undefined;
    await step('read');
    const found = await readLock(lockPath(stateDir, number));
    if (found === undefined) continue;
    await step('read the one before');
    const proven =
      number === 1 ? found.holder !== undefined : (await markOf(stateDir, number - 1)) === found.after;
    last = { ...found, number, proven };
    if (proven) break;
  }
  return last;
}

/** The highest number. It is checked by exact names, because a file server may answer with an old listing. */
async function highest(stateDir: string): Promise<number> {
  let number = (await lockNumbers(stateDir)).at(-1) ?? 0;
  while ((await statusOf(lockPath(stateDir, number + 1))) !== undefined) number++;
  return number;
}

/** undefined: it is not there. */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  const status = await statusOf(path);
  if (status === undefined) return undefined;
  const content = await readSmallFile(path).catch(unlessForbidden);
  if (content === undefined) return undefined;
  const holder = parseHolder(content);
  const { after, old, state } = parseObject(content) ?? {};
  return {
    holder,
    isFile: status.isFile(),
    isDone: holder !== undefined && state === 'done',
    after: typeof after === 'string' ? after : '',
    ...(typeof old === 'string' ? { old } : {}),
    mark: holder?.token ?? `?${status.ino}-${status.mtimeNs}`,
    beatAt: Number(status.mtimeMs),
  };
}

export const markOf = async (stateDir: string, number: number): Promise<string | undefined> =>
  (await readLock(lockPath(stateDir, number)))?.mark;

/** Both states take the same bytes: writing one over the other needs no space. */
export const formatLock = (holder: LockHolder, claim: Claim, state: 'held' | 'done'): string =>
  JSON.stringify({ ...holder, ...claim, state });

/** A file of one contender, and what becomes its lock. */
export interface Draft {
  path: string;
  file: FileHandle;
}

export async function openDraft(stateDir: string): Promise<Draft> {
  const path = join(stateDir, `${LOCK_FILE}.claim-${crypto.randomUUID()}`);
  // Readable for every user who may enter the directory, because each must see whether the holder lives.
  const file = await open(path, 'wx', 0o644);
  await inheritOwner(path);
  return { path, file };
}

export async function dropDraft({ path, file }: Draft): Promise<void> {
  await rm(path, { force: true });
  await file.close();
}

/** Answers the file system's time, to compare a holder's `beatAt` with. */
export async function writeDraft({ file }: Draft, content: string): Promise<number> {
  await file.truncate();
  // not synced: after a power cut no lock says more than an empty one
  await file.write(content, 0);
  return (await file.stat()).mtimeMs;
}

/** Makes `number`, complete from the first moment. Answers the file to write on; undefined when the number is taken. */
export async function makeNumber(
  draft: Draft,
  stateDir: string,
  number: number,
): Promise<FileHandle | undefined> {
  const path = lockPath(stateDir, number);
  try {
    await link(draft.path, path);
    return draft.file;
  } catch (error) {
    // A file server may have made the link although its answer was lost.
    if (isErrno(error, 'EEXIST')) return (await draft.file.stat()).nlink > 1 ? draft.file : undefined;
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error;
  }
  return copyDraft(draft, path);
}

/** For a file system without hard links. A process that reads the file half written finds it unreadable, and waits. */
async function copyDraft(draft: Draft, path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, 'wx', 0o644);
    await file.write((await readSmallFile(draft.path)) ?? '', 0);
    await inheritOwner(path);
    return file;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return undefined;
    throw error;
  }
}

const TEXTS = ['token', 'operation', 'owner', 'since', 'host', 'boot_id', 'pid_namespace', 'started'];

/** undefined: the text names no holder. */
function parseHolder(text: string): LockHolder | undefined {
  const holder = parseObject(text);
  const whole =
    TEXTS.every((name) => typeof holder?.[name] === 'string') && Number.isSafeInteger(holder?.['pid']);
  // the token becomes part of file names
  if (!whole || !/^[\w-]{1,64}$/.test(String(holder?.['token']))) return undefined;
  const { after: _after, old: _old, state: _state, ...named } = holder ?? {};
  return named as unknown as LockHolder;
}

const statusOf = (path: string): Promise<BigIntStats | undefined> =>
  lstat(path, { bigint: true }).catch(ignoring('ENOENT', 'ENOTDIR'));

/** A lock that another user closed to this one is still a lock: its text counts as empty. */
function unlessForbidden(error: unknown): string {
  if (isErrno(error, 'EACCES', 'EPERM')) return '';
  throw error;
}
