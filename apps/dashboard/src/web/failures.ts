/** How often each network has failed; the least recent one is forgotten when there are too many. */
import type { Clock } from '@gofr-backup/model';

/** a network is forgotten this long after its last failure */
const MEMORY = 24 * 60 * 60 * 1000;
const MOST_NETWORKS = 10_000;

export interface Failures {
  /** Counts one more; answers how many there were before. */
  add(network: string): number;
  forget(network: string): void;
  size(): number;
}

export function countFailures(clock: Clock): Failures {
  const known = new Map<string, { count: number; last: number }>();
  return {
    add(network) {
      const now = clock.monotonic();
      const held = known.get(network);
      const before = held && now - held.last < MEMORY ? held.count : 0;
      known.delete(network);
      known.set(network, { count: before + 1, last: now });
      const oldest = known.size > MOST_NETWORKS && known.keys().next().value;
      if (oldest) known.delete(oldest);
      return before;
    },
    forget: (network) => void known.delete(network),
    size: () => known.size,
  };
}
