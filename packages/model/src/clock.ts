import type { Clock } from './ports.ts';

/** The only reader of the machine's clock; lint forbids `Date.now()` and `new Date()` elsewhere. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
