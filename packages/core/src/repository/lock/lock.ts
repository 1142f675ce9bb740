/**
 * The one lock of a backup directory: on disk, because the queue may run a job twice and recovery works without a
 * queue. A killed holder is recognised by its pid (same container), its heartbeat socket (same kernel) or its
 * silence.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno } from '@gofr-backup/model';
import { freeReserveFile } from './reserve-file.ts';
import { openHeartbeatSocket } from './heartbeat-socket.ts';
import { hold } from './held-lock.ts';
import type { HeldLock, LockOptions } from './held-lock.ts';
import { ownIdentity } from './identity.ts';
import { giveBack } from './give-back.ts';
import { findLock } from './lock-file.ts';
import type { LockHolder } from './lock-file.ts';
import { isoUtc } from '../names.ts';
import { readOldLock } from './old-lock.ts';
import { ensureOwnDirectory, isRealDirectory } from '../own-directory.ts';
import { clearSpent } from './spent-locks.ts';
import { isStale, livenessOf, TIMING } from './stale-lock.ts';
import { takeLock } from './take-lock.ts';

export type { HeldLock, LockOptions } from './held-lock.ts';
export type { LockHolder } from './lock-file.ts';
export type { LockTiming } from './stale-lock.ts';

export type LockTarget = { stateDir: string } | string;

const chain = new AsyncLocalStorage<ReadonlyMap<string, HeldLock>>();
const stateDirOf = (target: LockTarget): string => (typeof target === 'string' ? target : target.stateDir);

/**
 * Runs `work` while holding the one lock of this backup directory. Throws BUSY at once when another process, or
 * another operation of this one, holds it. It is re-entrant along one call chain: an operation inside an operation
 * works under the same lock.
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
    return work({ ...outer, reentrant: true });
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

/** The present holder, for `status`; undefined when there is none, or when it is known to be dead. Takes no lock. */
export async function lockHolder(target: LockTarget): Promise<LockHolder | undefined> {
  const stateDir = stateDirOf(target);
  if (!(await isRealDirectory(stateDir))) return undefined;
  const found = [await findLock(stateDir), await readOldLock(stateDir)];
  for (const lock of found) {
    if (lock?.holder === undefined || lock.isDone) continue;
    if ((await livenessOf(stateDir, lock.holder)) !== 'dead') return lock.holder;
  }
  return undefined;
}

interface Acquired {
  lock: HeldLock;
  release(): Promise<void>;
}

async function acquire(stateDir: string, options: LockOptions): Promise<Acquired> {
  try {
    await mkdir(dirname(stateDir), { recursive: true, mode: 0o755 });
    await ensureOwnDirectory(stateDir, 0o700);
    return await claim(stateDir, options).catch(async (error: unknown) => {
      if (!isErrno(error, 'ENOSPC') || !(await freeReserveFile(stateDir))) throw error;
      return claim(stateDir, options);
    });
  } catch (error) {
    if (!isErrno(error, 'EROFS')) throw error;
    options.ports.logger.warn({ stateDir }, 'backup directory is read-only: working without its lock');
    return withoutLock(newHolder(options));
  }
}

async function claim(stateDir: string, options: LockOptions): Promise<Acquired> {
  const holder = newHolder(options);
  const { timing = TIMING, step = async () => {} } = options;
  const { logger } = options.ports;
  const socket = await openHeartbeatSocket(stateDir, `lock.beacon-${holder.token}`);
  if (socket) holder.beacon = `lock.beacon-${holder.token}`;
  try {
    const taken = await takeLock({
      stateDir,
      own: holder,
      isStale: async (found, now, again) => {
        if (found.isFile) return isStale(stateDir, timing, found, now, again);
        logger.warn({ stateDir }, 'something that is no file has the name of a lock: nobody holds it');
        return true;
      },
      step,
    });
    const { lock, stop } = hold(stateDir, taken, options);
    const release = async () => {
      await stop();
      await step('give back');
      await giveBack(stateDir, taken, options);
      await socket?.close();
    };
    try {
      await lock.check();
      await clearSpent(stateDir, taken, { logger, step });
    } catch (error) {
      await release();
      throw error;
    }
    return { lock, release };
  } catch (error) {
    await socket?.close();
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

function withoutLock(holder: LockHolder): Acquired {
  const signal = new AbortController().signal;
  return {
    lock: { holder, reentrant: false, readOnly: true, signal, check: async () => {} },
    release: async () => {},
  };
}
