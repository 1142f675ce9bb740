/** Slows down guessing: after a few wrong passwords an address waits, longer each time. */
import type { Clock } from '@gofr-backup/model';

const FREE_TRIES = 5;
const FIRST_WAIT = 30_000;
const LONGEST_WAIT = 60 * 60 * 1000;
/** a record is forgotten this long after its last failure */
const MEMORY = 24 * 60 * 60 * 1000;
const MOST_ADDRESSES = 10_000;
/** All addresses together: a thousand machines guess no faster than this. */
const TRIES_PER_MINUTE = 60;

export interface Lockout {
  /** milliseconds to wait before the next try; 0: go ahead */
  wait(address: string): number;
  failed(address: string): void;
  succeeded(address: string): void;
}

export function createLockout(clock: Clock): Lockout {
  const records = new Map<string, { failures: number; last: number; until: number }>();
  let recent: number[] = [];
  return {
    wait(address) {
      const now = clock.monotonic();
      recent = recent.filter((at) => at > now - 60_000);
      const everybody = recent.length >= TRIES_PER_MINUTE ? recent[0]! + 60_000 - now : 0;
      return Math.max(0, everybody, (records.get(address)?.until ?? 0) - now);
    },
    failed(address) {
      const now = clock.monotonic();
      recent.push(now);
      const known = records.get(address);
      const failures = known && now - known.last < MEMORY ? known.failures + 1 : 1;
      const wait =
        failures < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - FREE_TRIES));
      records.delete(address);
      records.set(address, { failures, last: now, until: now + wait });
      const oldest = records.size > MOST_ADDRESSES && records.keys().next().value;
      if (oldest) records.delete(oldest);
    },
    succeeded(address) {
      records.delete(address);
    },
  };
}
