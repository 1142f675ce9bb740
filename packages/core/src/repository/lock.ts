import type { Ports } from '../ports.ts';
import type { Repository } from './repository.ts';

/** Who holds the lock of a backup directory, as written in the lock file. */
export interface LockHolder {
  token: string;
  operation: string;
  owner: string;
  pid: number;
  host: string;
  /** ISO 8601 UTC */
  since: string;
}

export interface HeldLock {
  holder: LockHolder;
  /** true: the surrounding operation of this same call chain took it, and keeps it */
  joined: boolean;
  /** aborted as soon as the lock is found lost */
  signal: AbortSignal;
  /** throws BUSY when the lock is no longer ours; called right before anything is committed */
  check(): Promise<void>;
}

export interface LockOptions {
  owner: string;
  /** the verb, for BUSY: `backup`, `restore`, … */
  operation?: string;
  ports: Ports;
}

/**
 * Runs `work` while holding the one lock of this backup directory. Throws BUSY at once when another process, or
 * another operation of this one, holds it. Re-entrant along one call chain: an operation called by an operation joins.
 */
export function withLock<T>(
  _target: Repository | string,
  _options: LockOptions,
  _work: (lock: HeldLock) => Promise<T>,
): Promise<T> {
  throw new Error('not yet');
}

/** The present holder, or undefined; for `status`. Takes nothing. */
export function lockHolder(_target: Repository | string): Promise<LockHolder | undefined> {
  throw new Error('not yet');
}
