/** The lock as a file: taken by link(2), which succeeds for one; given up by renaming aside and looking what it was. */
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNew } from './atomic.ts';
import type { ProcessIdentity } from './identity.ts';
import { LOCK_FILE } from './layout.ts';

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

/** Takes the lock if nobody has it. `now` is the file system's time, to compare a holder's `beatAt` with. */
export async function takeLock(
  stateDir: string,
  holder: LockHolder,
): Promise<{ handle: FileHandle | undefined; now: number }> {
  const claim = `${lockPath(stateDir)}.claim-${holder.token}`;
  try {
    await writeNew(claim, JSON.stringify(holder), 0o600);
    const now = (await stat(claim)).mtimeMs;
    const taken = await linkNew(claim, lockPath(stateDir));
    return { handle: taken ? await open(lockPath(stateDir), 'r+') : undefined, now };
  } finally {
    await rm(claim, { force: true });
  }
}

/** Removes the lock if it is (still) that of `token`; another's is put back. */
export async function dropLock(stateDir: string, token: string | undefined): Promise<boolean> {
  const aside = `${lockPath(stateDir)}.aside-${crypto.randomUUID()}`;
  // to put another's back leaves a moment without a lock, which its holder's next check survives: seldom is better
  const present = await readLock(stateDir);
  if (present === undefined || present.holder?.token !== token) return false;
  try {
    await rename(lockPath(stateDir), aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  const caught = parseHolder(await readFile(aside, 'utf8'))?.token;
  if (caught !== token) await linkNew(aside, lockPath(stateDir));
  await rm(aside, { force: true });
  return caught === token;
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

function parseHolder(text: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(text) as Record<string, unknown> | null;
    const whole =
      TEXTS.every((name) => typeof holder?.[name] === 'string') && Number.isSafeInteger(holder?.['pid']);
    return whole ? (holder as unknown as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}
