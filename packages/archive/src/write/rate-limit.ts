import { setTimeout } from 'node:timers/promises';
import type { Clock } from '@gofr-backup/model';

/** Lets through `rate` bytes a second on average, and after a pause at most one second's share at once. */
export class RateLimit {
  #rate: number;
  #clock: Clock;
  /** monotonic milliseconds at which all bytes so far are paid for */
  #paid: number;

  constructor(rate: number, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#paid = clock.monotonic();
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    this.#paid = Math.max(this.#paid, now - 1000) + (bytes / this.#rate) * 1000;
    if (this.#paid > now) await setTimeout(this.#paid - now, undefined, { signal });
  }
}
