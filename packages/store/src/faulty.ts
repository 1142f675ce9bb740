/** A store with faults on order, for the tests of what is built on a store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError, type StoreProblem } from './store-error.ts';
import type { Store } from './store.ts';

/**
 * - `error`: the call fails before anything has happened: as `problem`, else `failed` with an EIO.
 * - `slow`: it takes `ms` longer.
 * - `half`: it fails after half of the bytes (read), before the last piece (put), after one object (list), or though it was done
 *   (remove, extendLock).
 * - `lost`: a put is done, and its answer lost. Other calls: as `error`.
 * - `lie`: it says that all is well. Nothing is stored, removed or locked, one bit read is wrong, an object is missing in the list, a size is
 *   one too large, the clock and a lock are a year ahead.
 */
export type Fault =
  | { kind: 'error' | 'half' | 'lost'; problem?: StoreProblem }
  | { kind: 'lie' }
  | { kind: 'slow'; ms: number };
export type Verb = Exclude<keyof Store, symbol>;

/** Asked at every call; undefined: it goes well. */
export type Faults = (verb: Verb, name: string) => Fault | undefined;

const YEAR = 365 * 86_400_000;

export function faulty(store: Store, faults: Faults): Store {
  const begin = async (verb: Verb, name = ''): Promise<Begun> => {
    const fault = faults(verb, name);
    const error = failure(verb, name, fault && 'problem' in fault ? fault.problem : undefined);
    if (fault?.kind === 'error' || (fault?.kind === 'lost' && verb !== 'put')) throw error;
    if (fault?.kind === 'slow') await sleep(fault.ms);
    return { kind: fault?.kind, error };
  };
  return {
    async put(name, content, options) {
      const { kind, error } = await begin('put', name);
      if (kind === 'lie') return 'stored';
      const answer = await store.put(name, kind === 'half' ? cutShort(content, error) : content, options);
      if (kind === 'lost') throw error;
      return answer;
    },
    async *read(name, range, signal) {
      const { kind, error } = await begin('read', name);
      if (kind !== 'half' && kind !== 'lie') return yield* store.read(name, range, signal);
      const bytes = await joined(store.read(name, range, signal));
      yield kind === 'lie' ? oneBitWrong(bytes) : bytes.subarray(0, bytes.length / 2);
      if (kind === 'half') throw error;
    },
    async size(name, signal) {
      const { kind, error } = await begin('size', name);
      if (kind === 'half') throw error;
      const size = await store.size(name, signal);
      return kind === 'lie' && size !== undefined ? size + 1 : size;
    },
    async *list(prefix, signal) {
      const { kind, error } = await begin('list', prefix);
      let seen = 0;
      for await (const object of store.list(prefix, signal)) {
        if (kind === 'half' && seen === 1) throw error;
        if (kind !== 'lie' || seen > 0) yield object;
        seen++;
      }
    },
    async remove(name, signal) {
      const { kind, error } = await begin('remove', name);
      if (kind !== 'lie') await store.remove(name, signal);
      if (kind === 'half') throw error;
    },
    async now(signal) {
      const { kind, error } = await begin('now');
      if (kind === 'half') throw error;
      return aYearAhead(await store.now(signal), kind);
    },
    async extendLock(name, until, signal) {
      const { kind, error } = await begin('extendLock', name);
      if (kind !== 'lie') await store.extendLock(name, until, signal);
      if (kind === 'half') throw error;
    },
    async lockedUntil(name, signal) {
      const { kind, error } = await begin('lockedUntil', name);
      if (kind === 'half') throw error;
      const until = await store.lockedUntil(name, signal);
      return until && aYearAhead(until, kind);
    },
    async abilities(signal) {
      await begin('abilities');
      return store.abilities(signal);
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

interface Begun {
  kind: Fault['kind'] | undefined;
  error: Error;
}

function failure(verb: Verb, name: string, problem: StoreProblem = 'failed'): StoreError {
  const cause = Object.assign(new Error(`EIO: i/o error, ${verb} '${name}'`), { code: 'EIO' });
  return new StoreError(problem, `${verb} ${name} failed`, problem === 'failed' ? { cause } : {});
}

const aYearAhead = (time: Date, kind: Fault['kind'] | undefined): Date =>
  kind === 'lie' ? new Date(time.getTime() + YEAR) : time;

async function* cutShort(content: AsyncIterable<Uint8Array>, error: Error): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const bytes of content) {
    if (held !== undefined) yield held;
    held = bytes;
  }
  throw error;
}

async function joined(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of content) pieces.push(bytes);
  return Buffer.concat(pieces);
}

function oneBitWrong(bytes: Buffer): Buffer {
  if (bytes.length > 0) bytes[bytes.length >> 1]! ^= 1;
  return bytes;
}
