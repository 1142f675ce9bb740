/**
 * The one lock of a backup directory: on disk, because the queue may run a job twice and recovery works without a
 * queue. A killed holder is found out by its pid (same container), its beacon (same kernel) or its silence.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { dropBallast } from './ballast.ts';
import { lightBeacon, seeBeacon } from './beacon.ts';
import { livenessByPid, ownIdentity } from './identity.ts';
import type { Liveness } from './identity.ts';
import { dropLock, readLock, takeLock } from './lock-file.ts';
import type { LockHolder, LockState } from './lock-file.ts';
import { isoUtc } from './names.ts';
import { inheritOwner } from './owner.ts';

export type { LockHolder } from './lock-file.ts';

export interface HeldLock {
  holder: LockHolder;
  /** true: the surrounding operation of this same call chain took it, and keeps it */
  joined: boolean;
  /** the directory is mounted read-only: there is no lock, and nothing can be recorded */
  readOnly: boolean;
  /** aborted as soon as the lock is found lost */
  signal: AbortSignal;
  /** throws BUSY when the lock is no longer ours; called right before anything is committed */
  check(): Promise<void>;
}

export interface LockOptions {
  owner: string;
  /** the verb, for BUSY: `backup`, `restore`, … */
  operation?: string;
  ports: Pick<Ports, 'clock' | 'logger'>;
  timing?: LockTiming;
}

/** Milliseconds. */
export interface LockTiming {
  heartbeat: number;
  /** a holder that cannot be asked and was silent for so long is taken for dead … */
  silence: number;
  /** … if it stays silent while watched so long: a clock that jumped must not look like silence */
  watch: number;
}
const TIMING: LockTiming = { heartbeat: 5_000, silence: 60_000, watch: 12_000 };

export type LockTarget = { stateDir: string } | string;

const chain = new AsyncLocalStorage<ReadonlyMap<string, HeldLock>>();
const stateDirOf = (target: LockTarget): string => (typeof target === 'string' ? target : target.stateDir);

/**
 * Runs `work` while holding the one lock of this backup directory. Throws BUSY at once when another process, or
 * another operation of this one, holds it. Re-entrant along one call chain: an operation called by an operation joins.
 */
export async function withLock<T>(
  target: LockTarget,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  const stateDir = stateDirOf(target);
  const outer = heldLock(stateDir);
  if (outer !== undefined) {
    await outer.check();
    return work({ ...outer, joined: true });
  }
  const { lock, release } = await acquire(stateDir, options);
  try {
    return await chain.run(new Map(chain.getStore()).set(stateDir, lock), () => work(lock));
  } finally {
    await release();
  }
}

/** The lock this call chain holds on `target`, if it does. */
export const heldLock = (target: LockTarget): HeldLock | undefined =>
  chain.getStore()?.get(stateDirOf(target));

/** The present holder, or undefined; for `status`. Takes nothing. A holder that is known to be dead is none. */
export async function lockHolder(target: LockTarget): Promise<LockHolder | undefined> {
  const stateDir = stateDirOf(target);
  const state = await readLock(stateDir);
  if (state?.holder === undefined) return undefined;
  return (await livenessOf(stateDir, state.holder)) === 'dead' ? undefined : state.holder;
}

interface Acquired {
  lock: HeldLock;
  release(): Promise<void>;
}

async function acquire(stateDir: string, options: LockOptions): Promise<Acquired> {
  try {
    await mkdir(dirname(stateDir), { recursive: true });
    await mkdir(stateDir, { mode: 0o700 }).catch(unlessExists);
    await inheritOwner(stateDir);
    return await claim(stateDir, options).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC' || !(await dropBallast(stateDir))) throw error;
      return claim(stateDir, options);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
    options.ports.logger.warn({ stateDir }, 'backup directory is read-only: working without its lock');
    return withoutLock(newHolder(options));
  }
}

async function claim(stateDir: string, options: LockOptions): Promise<Acquired> {
  const holder = newHolder(options);
  const beacon = await lightBeacon(stateDir, `lock.beacon-${holder.token}`);
  if (beacon) holder.beacon = `lock.beacon-${holder.token}`;
  try {
    const handle = await contend(stateDir, holder, options);
    const { lock, stop } = hold(stateDir, holder, handle, options);
    const release = async () => {
      await stop();
      await dropLock(stateDir, holder.token);
      await handle.close();
      await beacon?.close();
    };
    return { lock, release };
  } catch (error) {
    await beacon?.close();
    throw error;
  }
}

const newHolder = ({ owner, operation, ports }: LockOptions): LockHolder => ({
  token: crypto.randomUUID(),
  operation: operation ?? 'an operation',
  owner,
  since: isoUtc(ports.clock.now()),
  ...ownIdentity(),
});

/** Until it is ours or another's. Every turn either ends or removes one dead holder. */
async function contend(stateDir: string, own: LockHolder, options: LockOptions): Promise<FileHandle> {
  for (;;) {
    const { handle, now } = await takeLock(stateDir, own);
    if (handle !== undefined) return handle;
    const state = await readLock(stateDir);
    if (state === undefined) continue;
    if (!(await isStale(stateDir, state, now, options.timing ?? TIMING))) throw busy(state.holder, own);
    options.ports.logger.warn({ holder: state.holder }, 'removing the lock of a process that is gone');
    await dropLock(stateDir, state.holder?.token);
  }
}

async function isStale(
  stateDir: string,
  state: LockState,
  now: number,
  timing: LockTiming,
): Promise<boolean> {
  const liveness = state.holder === undefined ? 'unknown' : await livenessOf(stateDir, state.holder);
  if (liveness !== 'unknown') return liveness === 'dead';
  if (now - state.beatAt < timing.silence) return false;
  await sleep(timing.watch);
  const later = await readLock(stateDir);
  return later?.holder?.token === state.holder?.token && later?.beatAt === state.beatAt;
}

async function livenessOf(stateDir: string, holder: LockHolder): Promise<Liveness> {
  const own = ownIdentity();
  const byPid = livenessByPid(holder, own);
  if (byPid !== 'unknown') return byPid;
  const sameKernel = own.boot_id !== '' && own.boot_id === holder.boot_id;
  // the name comes from the file: only the one form this code writes is followed
  if (!sameKernel || holder.beacon !== `lock.beacon-${holder.token}` || /[/\0]/.test(holder.token))
    return 'unknown';
  return seeBeacon(stateDir, holder.beacon);
}

function hold(stateDir: string, holder: LockHolder, handle: FileHandle, options: LockOptions) {
  const lost = new AbortController();
  const check = async () => {
    if (lost.signal.aborted) throw lost.signal.reason;
    if (await stillOurs(stateDir, holder.token)) return;
    lost.abort(lostLock(holder));
    throw lost.signal.reason;
  };
  const beat = async () => {
    // by writing, so that the file system's clock sets the time, not this host's
    await handle.write(JSON.stringify(holder), 0);
    await check();
  };
  let beating = Promise.resolve();
  const timer = setInterval(
    () => {
      beating = beating.then(beat).catch((error: unknown) => {
        options.ports.logger.warn({ error: String(error) }, 'lock heartbeat failed');
      });
    },
    (options.timing ?? TIMING).heartbeat,
  ).unref();
  const stop = async () => {
    clearInterval(timer);
    await beating;
    lost.abort(new Error('the lock was given back: this operation has ended'));
  };
  const lock: HeldLock = { holder, joined: false, readOnly: false, signal: lost.signal, check };
  return { lock, stop };
}

/** A stealer that finds itself wrong puts the lock back within a moment: absence counts only when it lasts. */
async function stillOurs(stateDir: string, token: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const state = await readLock(stateDir);
    if (state !== undefined) return state.holder?.token === token;
    await sleep(20);
  }
  return false;
}

function withoutLock(holder: LockHolder): Acquired {
  const signal = new AbortController().signal;
  return {
    lock: { holder, joined: false, readOnly: true, signal, check: async () => {} },
    release: async () => {},
  };
}

function busy(holder: LockHolder | undefined, own: LockHolder): BackupError {
  const who = holder ? `${holder.operation} (${holder.owner})` : 'another operation';
  const where = holder ? ` on ${holder.host}, pid ${holder.pid}, since ${holder.since}` : '';
  return new BackupError('BUSY', `${own.operation} cannot start: the backup directory is busy`, {
    why: `${who} holds its lock${where}`,
    details: holder
      ? { operation: holder.operation, owner: holder.owner, host: holder.host, since: holder.since }
      : {},
  });
}

const lostLock = (holder: LockHolder): BackupError =>
  new BackupError('BUSY', `${holder.operation} was stopped: it lost the lock of the backup directory`, {
    why: 'this process was silent for so long that another took it for dead',
    hint: 'Nothing was committed. Run it again; if this repeats, look for a suspended or overloaded host.',
  });

function unlessExists(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
