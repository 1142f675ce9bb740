/** The objects of one project: those of a store below the project's name. */
import { BackupError, type Clock } from '@gofr-backup/model';
import { type ByteRange, type Store, StoreError, type StoredObject } from '@gofr-backup/store';
import { storedName } from './layout.ts';

const DAY = 86_400_000;

export interface ObjectsOptions {
  store: Store;
  project: string;
  clock: Clock;
  lockDays?: number | undefined;
}

export class Objects {
  readonly #store: Store;
  readonly #below: string;
  readonly #clock: Clock;
  readonly #lockDays: number | undefined;

  constructor({ store, project, clock, lockDays }: ObjectsOptions) {
    this.#store = store;
    this.#below = `${storedName(project)}/`;
    this.#clock = clock;
    this.#lockDays = lockDays;
  }

  /** By the store's own clock, milliseconds since the epoch; undefined: it does not tell, and nothing may be removed by time. */
  async storeNow(signal: AbortSignal): Promise<number | undefined> {
    try {
      return (await this.#store.now(signal)).getTime();
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'unsupported') return undefined;
      throw error;
    }
  }

  /** The same, or this host's time, for what is only told. */
  async now(signal: AbortSignal): Promise<number> {
    return (await this.storeNow(signal)) ?? this.#clock.now();
  }

  /** `sha256`: of the bytes, in hex, where it is known. */
  put(object: string, bytes: Uint8Array, signal: AbortSignal, sha256?: string): Promise<'stored' | 'taken'> {
    const options = { signal, ...(sha256 !== undefined && { sha256 }) };
    return this.#store.put(this.#below + object, whole(bytes), options);
  }

  /** Locked for the days of the settings from now on, by the store's clock; never shortened. */
  async lock(object: string, signal: AbortSignal): Promise<void> {
    if (this.#lockDays === undefined) return;
    const until = new Date((await this.now(signal)) + this.#lockDays * DAY);
    await this.#store.extendLock(this.#below + object, until, signal);
  }

  /** undefined: not locked, or in a store that cannot lock */
  async lockedUntil(object: string, signal: AbortSignal): Promise<Date | undefined> {
    return this.#store.lockedUntil(this.#below + object, signal);
  }

  /** The same, and the size that the store then tells is that of the bytes; throws IO. */
  async putProved(
    object: string,
    bytes: Uint8Array,
    signal: AbortSignal,
    sha256?: string,
  ): Promise<'stored' | 'taken'> {
    const answer = await this.put(object, bytes, signal, sha256);
    const size = await this.size(object, signal);
    if (size === bytes.length) return answer;
    throw new BackupError('IO', `The store does not keep ${object} as it was put`, {
      why:
        size === undefined
          ? 'it says that there is no such object'
          : `it tells ${size} bytes of ${bytes.length}`,
      hint: 'Look at the store and what lies before it. Nothing was counted as copied.',
    });
  }

  stream(object: string, signal: AbortSignal, range?: ByteRange): AsyncIterable<Uint8Array> {
    return this.#store.read(this.#below + object, range, signal);
  }

  /** Throws RangeError for an object larger than `most`, NoSuchObject. */
  async read(object: string, signal: AbortSignal, most: number, range?: ByteRange): Promise<Buffer> {
    const found: Uint8Array[] = [];
    let length = 0;
    for await (const bytes of this.stream(object, signal, range)) {
      length += bytes.length;
      if (length > most) throw new RangeError(`it is larger than ${most} bytes`);
      found.push(bytes);
    }
    return Buffer.concat(found);
  }

  size(object: string, signal: AbortSignal): Promise<number | undefined> {
    return this.#store.size(this.#below + object, signal);
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    for await (const { name, size } of this.#store.list(this.#below + prefix, signal))
      yield { name: name.slice(this.#below.length), size };
  }

  remove(object: string, signal: AbortSignal): Promise<void> {
    return this.#store.remove(this.#below + object, signal);
  }
}

/** Can be iterated again, so that a store can send it again. One piece, because a store that needs it whole would copy others together. */
const whole = (bytes: Uint8Array): AsyncIterable<Uint8Array> => ({
  async *[Symbol.asyncIterator]() {
    yield bytes;
  },
});
