/** The port "where immutable objects lie": bytes put once under a name, read by range, listed, removed. */

/**
 * The demands on every implementation, which contract.ts tests and all callers rely on:
 *
 * - All or nothing: a put that fails, or is killed, leaves no object. Leftovers that no list shows may stay.
 * - Durable: once `put` or `remove` has answered, a power cut changes nothing about it.
 * - Read after write: from then on every call of every process sees the object whole, or sees that it is gone.
 * - No overwrite: of two puts under one name one is stored; the other answers `taken` and changes nothing.
 *
 * What a kind of store cannot keep of this, or cannot do at all, `abilities` says, and docs/stores.md.
 *
 * An object is never replaced. What changes is a new object of a new name (`writers/0000000007-host`: the highest counts): since no put
 * overwrites, of two writers one gets the number, on every kind of store, and credentials that cannot overwrite are enough.
 *
 * Names are those of checkName. Calls may run at once. Failures are StoreError, of a kind that says whether to try again; an error of
 * the content and an abort come out unchanged. The store's connections end with its scope: `await using store = await openStore(…)`.
 */
export interface Store extends AsyncDisposable {
  /** `taken`: there is an object of this name already, and it is as durable as if it had been put now. */
  put(name: string, content: Content, options?: PutOptions): Promise<'stored' | 'taken'>;
  /** The whole object, or a part of it; less than `length` where the object ends before. Throws NoSuchObject. */
  read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Bytes of the object; undefined: there is none. */
  size(name: string, signal?: AbortSignal): Promise<number | undefined>;
  /** Every object whose name begins with `prefix`, in any order. Objects put or removed meanwhile may be missing. */
  list(prefix?: string, signal?: AbortSignal): AsyncIterable<StoredObject>;
  /** Nothing happens when there is none. The name is free again. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
  /** The time of the store's own clock, to a second or better: no object's, never this host's. `unsupported`: it does not tell. */
  now(signal?: AbortSignal): Promise<Date>;
  /** The object cannot be removed until then, by nobody; never shortens. `unsupported` where a store cannot lock. */
  extendLock(name: string, until: Date, signal?: AbortSignal): Promise<void>;
  /** undefined: not locked. Throws NoSuchObject. */
  lockedUntil(name: string, signal?: AbortSignal): Promise<Date | undefined>;
  abilities(signal?: AbortSignal): Promise<Abilities>;
}

/**
 * Bytes in pieces. What can be iterated again, as an array of pieces can, is sent again after a failure; of a generator, which
 * cannot, the pieces are kept in memory until the put has ended. Then the bytes are the caller's again, to be written over. At most LARGEST_OBJECT bytes.
 */
export type Content = AsyncIterable<Uint8Array>;

/** bytes; what is larger some stores could not take without holding it all in memory */
export const LARGEST_OBJECT = 256 * 1024 * 1024;

export interface PutOptions {
  signal?: AbortSignal;
  /** Locked from the start. `unsupported`, and nothing is stored, where a store cannot lock. */
  retainUntil?: Date;
  /** of the content, in hex, where the caller has it: a server that wants to be told it spares a pass over the bytes */
  sha256?: string;
}

export interface ByteRange {
  offset: number;
  length: number;
}

export interface StoredObject {
  name: string;
  /** bytes */
  size: number;
  /** By the store's clock where it has one; never proof of anything. Absent: the store does not tell. */
  modified?: Date;
}

/** What the store promises by itself. */
export interface Abilities {
  /**
   * `refused`: the store itself refuses to overwrite. `checked`: it cannot, so the name is looked up before each put: of two puts at the same
   * moment both may answer `stored`, and the later one stays. `unknown`: nothing was put yet that would have shown it.
   */
  overwrite: 'refused' | 'checked' | 'unknown';
  /** `synced`: this program had the bytes flushed to the disk. `answered`: the server said that it has them. */
  durable: 'synced' | 'answered';
  /** `now` answers. */
  clock: boolean;
  /** Objects can be locked. */
  lock: boolean;
}
