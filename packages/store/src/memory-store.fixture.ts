/** A store in memory, for tests that have thousands of lives; it keeps the contract as every other. */
import { systemClock } from '@gofr-backup/model';
import { gathered } from './gathered.ts';
import { checkName } from './name.ts';
import { cannotLock, neverLocked } from './no-lock.ts';
import { NoSuchObject } from './store-error.ts';
import type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from './store.ts';
import { watched } from './watched.ts';

const PIECE = 65_536;

export class MemoryStore implements Store {
  /** Whoever plays a disk changes them. */
  readonly objects: Map<string, Buffer>;
  readonly #now: () => number;

  constructor(objects = new Map<string, Buffer>(), now: () => number = systemClock.now) {
    this.objects = objects;
    this.#now = now;
  }

  async put(name: string, content: Content, { signal, retainUntil }: PutOptions = {}) {
    checkName(name);
    if (retainUntil) throw noLock();
    const bytes = await gathered(watched(content, signal));
    if (this.objects.has(name)) return 'taken' as const;
    this.objects.set(name, Buffer.from(bytes));
    return 'stored' as const;
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    checkName(name);
    if (range?.length === 0) return;
    const bytes = this.objects.get(name);
    if (bytes === undefined) throw new NoSuchObject(name);
    const end = range ? Math.min(range.offset + range.length, bytes.length) : bytes.length;
    for (let at = range?.offset ?? 0; at < end; at += PIECE) {
      signal?.throwIfAborted();
      yield Buffer.from(bytes.subarray(at, Math.min(at + PIECE, end)));
    }
  }

  async size(name: string, signal?: AbortSignal): Promise<number | undefined> {
    checkName(name);
    signal?.throwIfAborted();
    return this.objects.get(name)?.length;
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    for (const [name, { length: size }] of [...this.objects]) {
      signal?.throwIfAborted();
      if (name.startsWith(prefix)) yield { name, size };
    }
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    checkName(name);
    signal?.throwIfAborted();
    this.objects.delete(name);
  }

  async now(signal?: AbortSignal): Promise<Date> {
    signal?.throwIfAborted();
    return new Date(this.#now());
  }

  async extendLock(): Promise<void> {
    throw noLock();
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<undefined> {
    return neverLocked(this, name, signal);
  }

  async abilities(): Promise<Abilities> {
    return { overwrite: 'refused', durable: 'answered', clock: true, lock: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const noLock = (): Error => cannotLock('objects in memory', 'they are for tests');
