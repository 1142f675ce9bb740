/** The lock as a file: taken by link(2), which succeeds for one. */
import { link, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNew } from './atomic.ts';
import type { ProcessIdentity } from './identity.ts';
import { LOCK_FILE } from './layout.ts';
import { inheritOwner } from './owner.ts';

/** Who holds the lock of a backup directory; the lock file's content. */
export interface LockHolder extends ProcessIdentity {
  /** different for every taking */
  token: string;
  operation: string;
  owner: string;
  /** ISO 8601 UTC */
  since: string;
  /** name of the beacon beside the lock file, if one could be lit */
  beacon?: string;
}

export interface LockState {
  /** undefined: present but not readable as a lock (being written where link(2) is missing, or damaged) */
  holder: LockHolder | undefined;
  /** the file system's own time, milliseconds */
  beatAt: number;
}

export const lockPath = (stateDir: string): string => join(stateDir, LOCK_FILE);

/** undefined: nobody holds it. */
export async function readLock(stateDir: string): Promise<LockState | undefined> {
  try {
    const path = lockPath(stateDir);
    const { mtimeMs } = await stat(path);
    return { holder: parseHolder(await readFile(path, 'utf8')), beatAt: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the lock is that of `token`; undefined: there, but that of nobody one could name. */
export async function isLockOf(stateDir: string, token: string | undefined): Promise<boolean> {
  const state = await readLock(stateDir);
  return state !== undefined && state.holder?.token === token;
}

/** Takes the lock if nobody has it. `now` is the file system's time, to compare a holder's `beatAt` with. */
export async function takeLock(
  stateDir: string,
  holder: LockHolder,
): Promise<{ handle: FileHandle | undefined; now: number }> {
  const { made, now } = await makeAs(holder, stateDir, lockPath(stateDir));
  return { handle: made ? await open(lockPath(stateDir), 'r+') : undefined, now };
}

/** Makes `path`, complete from the first moment and naming `holder`, unless it exists. `now`: as `takeLock`'s. */
export async function makeAs(
  holder: LockHolder,
  stateDir: string,
  path: string,
): Promise<{ made: boolean; now: number }> {
  const claim = `${lockPath(stateDir)}.claim-${crypto.randomUUID()}`;
  try {
    // not synced: after a power cut no lock says more than an empty one
    await writeFile(claim, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    await inheritOwner(claim);
    const now = (await stat(claim)).mtimeMs;
    return { made: await linkNew(claim, path), now };
  } finally {
    await rm(claim, { force: true });
  }
}

/** False when `to` exists. A file system without hard links gets an exclusive copy; readers wait until it parses. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
  }
  return copyNew(from, to);
}

async function copyNew(from: string, to: string): Promise<boolean> {
  try {
    await writeNew(to, await readFile(from), 0o600);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const TEXTS = ['token', 'operation', 'owner', 'since', 'host', 'boot_id', 'pid_namespace', 'started'];

/** undefined: what is there names nobody. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as Record<string, unknown> | null;
    const whole =
      TEXTS.every((name) => typeof holder?.[name] === 'string') && Number.isSafeInteger(holder?.['pid']);
    // the token becomes part of file names
    return whole && /^[\w-]{1,64}$/.test(String(holder?.['token']))
      ? (holder as unknown as LockHolder)
      : undefined;
  } catch {
    return undefined;
  }
}
