import type { Catalogue } from '../catalogue.ts';
import type { RetentionPolicy } from '../plan.ts';

/** Why the newest good backup looks too small to let older ones go; undefined when it does not. Pure. */
export function anomalyHold(
  _catalogue: Catalogue,
  _policy: RetentionPolicy,
  _now: number,
): string | undefined {
  throw new Error('not yet');
}
