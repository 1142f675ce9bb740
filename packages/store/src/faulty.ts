/** A store with faults on order, for the tests of what is built on a store. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from './store.ts';

/**
 * - `error`: the call fails with EIO before anything has happened.
 * - `slow`: it takes `ms` longer.
 * - `half`: it fails with EIO after half of the bytes (read), before the last piece (put), after one object (list), or
 *   though it was done (remove).
 * - `lie`: it says that all is well. Nothing is stored or removed, one bit read is wrong, an object is missing in the list,
 *   a size is one too large.
 */
export type Fault = { kind: 'error' | 'half' | 'lie' } | { kind: 'slow'; ms: number };
export type Verb = keyof Store;

/** Asked at every call; undefined: it goes well. */
export type Faults = (verb: Verb, name: string) => Fault | undefined;

export function faulty(store: Store, faults: Faults): Store {
  const begin = async (verb: Verb, name: string): Promise<Fault['kind'] | undefined> => {
    const fault = faults(verb, name);
    if (fault?.kind === 'error') throw failure(verb, name);
    if (fault?.kind === 'slow') await sleep(fault.ms);
    return fault?.kind;
  };
  return {
    async put(name, content, signal) {
      const kind = await begin('put', name);
      if (kind === 'lie') return 'stored';
      return store.put(name, kind === 'half' ? cutShort(content, failure('put', name)) : content, signal);
    },
    async *read(name, range, signal) {
      const kind = await begin('read', name);
      if (kind !== 'half' && kind !== 'lie') return yield* store.read(name, range, signal);
      const bytes = await joined(store.read(name, range, signal));
      yield kind === 'lie' ? oneBitWrong(bytes) : bytes.subarray(0, bytes.length / 2);
      if (kind === 'half') throw failure('read', name);
    },
    async size(name) {
      const kind = await begin('size', name);
      if (kind === 'half') throw failure('size', name);
      const size = await store.size(name);
      return kind === 'lie' && size !== undefined ? size + 1 : size;
    },
    async *list(prefix, signal) {
      const kind = await begin('list', prefix ?? '');
      let seen = 0;
      for await (const object of store.list(prefix, signal)) {
        if (kind === 'half' && seen === 1) throw failure('list', prefix ?? '');
        if (kind !== 'lie' || seen > 0) yield object;
        seen++;
      }
    },
    async remove(name) {
      const kind = await begin('remove', name);
      if (kind !== 'lie') await store.remove(name);
      if (kind === 'half') throw failure('remove', name);
    },
  };
}

function failure(verb: Verb, name: string): Error {
  return Object.assign(new Error(`EIO: i/o error, ${verb} '${name}'`), { code: 'EIO' });
}

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
