/** A lock that was taken: its heartbeat, and the question whether it is still ours. */
import { BackupError, type Ports } from '@gofr-backup/model';
import { formatLock, isThere, markOf } from './lock-file.ts';
import type { LockHolder, LockStep } from './lock-file.ts';
import { isOldLockTaken } from './old-lock.ts';
import { TIMING } from './stale-lock.ts';
import type { LockTiming } from './stale-lock.ts';
import type { TakenLock } from './take-lock.ts';

export interface HeldLock {
  holder: LockHolder;
  /** true: the surrounding operation of this same call chain took it, and keeps it */
  reentrant: boolean;
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
  step?: LockStep;
}

/** Beats until `stop`. */
export function hold(stateDir: string, taken: TakenLock, options: LockOptions) {
  const { holder, claim, file } = taken;
  const lost = new AbortController();
  const check = async () => {
    if (lost.signal.aborted) throw lost.signal.reason;
    if (await isOurs(stateDir, taken)) return;
    lost.abort(lostLock(holder));
    throw lost.signal.reason;
  };
  const beat = async () => {
    // by writing, so that the file system's clock sets the time, not this host's
    await file.write(formatLock(holder, claim, 'held'), 0);
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
  const lock: HeldLock = { holder, reentrant: false, readOnly: false, signal: lost.signal, check };
  return { lock, stop };
}

async function isOurs(stateDir: string, { holder, claim, number }: TakenLock): Promise<boolean> {
  if ((await markOf(stateDir, number)) !== holder.token) return false;
  return !(await isThere(stateDir, number + 1)) && !(await isOldLockTaken(stateDir, claim.old));
}

const lostLock = (holder: LockHolder): BackupError =>
  new BackupError('BUSY', `${holder.operation} was stopped: it lost the lock of the backup directory`, {
    why: 'this process was silent for so long that another took it for dead',
    hint: 'Nothing was committed. Run it again; if this repeats, look for a suspended or overloaded host.',
  });
