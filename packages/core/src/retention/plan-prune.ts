import type { Catalogue } from '../catalogue.ts';
import type { PruneDecision } from '../operations/types.ts';
import type { RetentionPolicy } from '../plan.ts';

/** Keep or remove, with reasons, for every entry. Pure. `now`: milliseconds since the epoch. */
export function planPrune(_catalogue: Catalogue, _policy: RetentionPolicy, _now: number): PruneDecision[] {
  throw new Error('not yet');
}
