import type { Clock } from '@gofr-backup/model';

export interface FakeClock extends Clock {
  /** Time passes: both the wall clock and the monotonic one. */
  advance(milliseconds: number): void;
  /** Somebody sets the wall clock; the monotonic one does not notice. */
  jump(to: number | string | Date): void;
}

/** Stands still until told otherwise. */
export function fakeClock(start: number | string | Date = '2025-12-13T02:00:00Z'): FakeClock {
  let wall = new Date(start).getTime();
  let monotonic = 1000;
  return {
    now: () => wall,
    monotonic: () => monotonic,
    advance(milliseconds) {
      wall += milliseconds;
      monotonic += milliseconds;
    },
    jump(to) {
      wall = new Date(to).getTime();
    },
  };
}
