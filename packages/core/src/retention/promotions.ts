import type { Catalogue, CatalogueEntry, Tier } from '../catalogue.ts';
import type { RetentionPolicy } from '../plan.ts';

/** The tiers this backup is the first good one of its week or month for. Pure. */
export function promotionsFor(
  _entry: CatalogueEntry,
  _catalogue: Catalogue,
  _policy: RetentionPolicy,
): Tier[] {
  throw new Error('not yet');
}
