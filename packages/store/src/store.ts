/** The port "where immutable objects lie": bytes put once under a name, read by range, listed, removed. */

/**
 * The demands on every implementation, which contract.ts tests and all callers rely on:
 *
 * - All or nothing: a put that fails, or is killed, leaves no object. Leftovers that no list shows may stay.
 * - Durable: once `put` or `remove` has answered, a power cut changes nothing about it.
 * - Read after write: from then on every call of every process sees the object whole, or sees that it is gone.
 * - No overwrite: of two puts under one name one is stored; the other answers `taken` and changes nothing.
 *
 * Names are those of checkName. Calls may run at once. Errors other than NoSuchObject are those of the system, unchanged.
 */
export interface Store {
  /** `taken`: there is an object of this name already, and it is as durable as if it had been put now. */
  put(name: string, content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<'stored' | 'taken'>;
  /** The whole object, or a part of it; less than `length` where the object ends before. Throws NoSuchObject. */
  read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Bytes of the object; undefined: there is none. */
  size(name: string): Promise<number | undefined>;
  /** Every object whose name begins with `prefix`, in any order. Objects put or removed meanwhile may be missing. */
  list(prefix?: string, signal?: AbortSignal): AsyncIterable<StoredObject>;
  /** Nothing happens when there is none. The name is free again. */
  remove(name: string): Promise<void>;
}

export interface ByteRange {
  offset: number;
  length: number;
}

export interface StoredObject {
  name: string;
  /** bytes */
  size: number;
}

export class NoSuchObject extends Error {
  override readonly name = 'NoSuchObject';

  constructor(object: string, cause?: unknown) {
    super(`the store has no object ${object}`, { cause });
  }
}
