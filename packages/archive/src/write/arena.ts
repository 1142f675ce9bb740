/**
 * The memory through which frames pass from the worker threads to the writer. The number of slots is fixed, so memory
 * is bounded. Slots that are never taken cost address space only.
 */
import { compressedBound } from '../codec/codecs.ts';
import { MOST_RAW_BYTES } from '../index/sizes.ts';

/** Bytes of one slot: enough for any compressed frame or a batch of copied frames. */
export const SLOT_BYTES = compressedBound(MOST_RAW_BYTES);

export class Arena {
  readonly memory: SharedArrayBuffer;
  #free: number[];
  #waiting: ((slot: number) => void)[] = [];

  /** how many there are to take by now */
  #slots = 0;

  /** Room for `most` slots, of which there are `slots` to begin with. */
  constructor(slots: number, most = slots) {
    this.memory = new SharedArrayBuffer(most * SLOT_BYTES);
    this.#free = [];
    this.allow(slots);
  }

  /** From now on there are so many. */
  allow(slots: number): void {
    while (this.#slots < slots) this.release(this.#slots++);
  }

  /** Resolves in order of asking, once a slot is free. */
  async acquire(): Promise<number> {
    return this.#free.pop() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(slot: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }

  view(slot: number, length: number): Buffer {
    return Buffer.from(this.memory, slot * SLOT_BYTES, length);
  }
}
