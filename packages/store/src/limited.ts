/** A store that sends and fetches no more bytes a second than it is allowed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '@gofr-backup/model';
import type { Store } from './store.ts';

/** So much is sent at once at most; it is what a pause is worth. */
const SLICE_MS = 100;

/** All calls together keep to the rate, in either direction. */
export function limited(store: Store, bytesPerSecond: number, clock: Clock = systemClock): Store {
  if (!(bytesPerSecond > 0)) throw new RangeError('a rate is a number of bytes above zero');
  const paced = pace(bytesPerSecond, clock);
  return {
    put: (name, content, options) => store.put(name, paced(content, options?.signal), options),
    read: (name, range, signal) => paced(store.read(name, range, signal), signal),
    size: (...asked) => store.size(...asked),
    list: (...asked) => store.list(...asked),
    remove: (...asked) => store.remove(...asked),
    now: (...asked) => store.now(...asked),
    extendLock: (...asked) => store.extendLock(...asked),
    lockedUntil: (...asked) => store.lockedUntil(...asked),
    abilities: (...asked) => store.abilities(...asked),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

type Paced = (content: AsyncIterable<Uint8Array>, signal?: AbortSignal) => AsyncIterable<Uint8Array>;

/** Each piece takes its turn on one line of time; a pause saves up nothing. */
function pace(bytesPerSecond: number, clock: Clock): Paced {
  const most = Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1000));
  let free = 0;
  const turn = async (length: number, signal: AbortSignal | undefined): Promise<void> => {
    const now = clock.monotonic();
    const start = Math.max(free, now);
    free = start + (length / bytesPerSecond) * 1000;
    if (start > now) await sleep(start - now, undefined, signal && { signal });
  };
  return async function* (content, signal) {
    for await (const bytes of content)
      for (let at = 0; at < bytes.length; at += most) {
        const slice = bytes.subarray(at, at + most);
        await turn(slice.length, signal);
        yield slice;
      }
  };
}
