/** Pieces of content under watch: its own failure must not be told as the store's. */
import type { Content } from './store.ts';

export interface Watched extends Content {
  /** What the content threw, or the abort. */
  failure(): unknown;
}

/** Also stops at an abort. */
export function watched(content: Content, signal?: AbortSignal): Watched {
  let failure: unknown;
  return {
    failure: () => failure,
    async *[Symbol.asyncIterator]() {
      try {
        for await (const bytes of content) {
          signal?.throwIfAborted();
          yield bytes;
        }
        signal?.throwIfAborted();
      } catch (error) {
        throw (failure = error);
      }
    },
  };
}
