/** A store whose failures of a kind that may pass are tried again, later and later. */
import pRetry from 'p-retry';
import { StoreError } from './store-error.ts';
import type { ByteRange, Content, Store, StoredObject } from './store.ts';

export interface Patience {
  /** after the first failure */
  retries?: number;
  /** ms before the first retry; each wait is twice the one before, times a random number from 1 to 2 */
  first?: number;
  /** ms: no wait is longer */
  longest?: number;
  /** told of each failure that is tried again */
  onRetry?: (error: StoreError, attempt: number) => void;
}

/**
 * Each call is tried again by itself. A read goes on at the byte it was at, a list without the objects that were told. A put that
 * failed may have been stored all the same (its answer was lost): then it is `taken` by its own bytes, and the caller, who names objects
 * by their content or looks at them, treats `taken` as that.
 */
export function retrying(store: Store, patience: Patience = {}): Store {
  const again = <T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
    pRetry(attempt, { ...waits(patience), ...(signal && { signal }) });
  return {
    async put(name, content, options) {
      await using repeated = repeatable(content);
      return await again(() => store.put(name, repeated, options), options?.signal);
    },
    read: (name, range, signal) => readOn(store, name, range, signal, again),
    list: (prefix, signal) => listOn(store, prefix, signal, again),
    size: (name, signal) => again(() => store.size(name, signal), signal),
    remove: (name, signal) => again(() => store.remove(name, signal), signal),
    now: (signal) => again(() => store.now(signal), signal),
    extendLock: (name, until, signal) => again(() => store.extendLock(name, until, signal), signal),
    lockedUntil: (name, signal) => again(() => store.lockedUntil(name, signal), signal),
    abilities: (signal) => again(() => store.abilities(signal), signal),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

type Again = <T>(attempt: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

function waits({ retries = 6, first = 500, longest = 60_000, onRetry }: Patience) {
  return {
    retries,
    minTimeout: first,
    maxTimeout: longest,
    factor: 2,
    randomize: true,
    shouldRetry: ({ error }: { error: Error }) => error instanceof StoreError && error.mayPass,
    onFailedAttempt: ({ error, attemptNumber, retriesLeft }: FailedAttempt) => {
      if (retriesLeft > 0 && error instanceof StoreError && error.mayPass) onRetry?.(error, attemptNumber);
    },
  };
}

interface FailedAttempt {
  error: Error;
  attemptNumber: number;
  retriesLeft: number;
}

/** A generator, which is its own iterator, is over after one pass: its pieces are kept. */
function repeatable(content: Content): Content & AsyncDisposable {
  const source: AsyncIterator<Uint8Array> & object = content[Symbol.asyncIterator]();
  if ((source as object) !== content)
    return { [Symbol.asyncIterator]: () => content[Symbol.asyncIterator](), ...NOTHING_HELD };
  const kept: Uint8Array[] = [];
  return {
    async *[Symbol.asyncIterator]() {
      yield* kept;
      for (let next = await source.next(); !next.done; next = await source.next()) {
        kept.push(next.value);
        yield next.value;
      }
    },
    [Symbol.asyncDispose]: async () => void (await source.return?.()),
  };
}

const NOTHING_HELD = { [Symbol.asyncDispose]: async () => {} };

async function* readOn(
  store: Store,
  name: string,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
  again: Again,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  const open = () => store.read(name, rest(range, read), signal);
  for await (const bytes of resumed(open, again, signal)) {
    yield bytes;
    read += bytes.length;
  }
}

function rest(range: ByteRange | undefined, read: number): ByteRange | undefined {
  if (read === 0) return range;
  const { offset, length } = range ?? { offset: 0, length: Number.MAX_SAFE_INTEGER };
  return { offset: offset + read, length: length - read };
}

async function* listOn(
  store: Store,
  prefix: string | undefined,
  signal: AbortSignal | undefined,
  again: Again,
): AsyncGenerator<StoredObject> {
  const told = new Set<string>();
  for await (const object of resumed(() => store.list(prefix, signal), again, signal)) {
    if (told.has(object.name)) continue;
    told.add(object.name);
    yield object;
  }
}

/** An attempt that was made already counts: nobody waits to try again for what goes well, piece by piece. */
function failingOnce<T>(failure: unknown, attempt: () => Promise<T>): () => Promise<T> {
  let attempts = 0;
  return () => (attempts++ === 0 ? Promise.reject(failure as Error) : attempt());
}

/** After a failure it is opened anew; `open` knows how far its reader is. */
async function* resumed<T>(
  open: () => AsyncIterable<T>,
  again: Again,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  let source: AsyncIterator<T> | undefined;
  const step = async (): Promise<IteratorResult<T>> => {
    try {
      source ??= open()[Symbol.asyncIterator]();
      return await source.next();
    } catch (error) {
      source = undefined;
      throw error;
    }
  };
  try {
    for (;;) {
      const { done, value } = await step().catch((error: unknown) => again(failingOnce(error, step), signal));
      if (done) return;
      yield value as T;
    }
  } finally {
    await source?.return?.();
  }
}
