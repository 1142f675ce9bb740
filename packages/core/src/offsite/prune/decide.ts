/** Which copies stay: retention as of the backup directory, by the time at which each copy came to the store. */
import type { CatalogueEntry, PruneDecision, RetentionPolicy } from '@gofr-backup/model';
import { anomalyHold, planPrune } from '../../retention/index.ts';
import type { Proofs } from '../cache/cache.ts';
import type { Inventory } from '../inventory.ts';
import type { Copy } from '../read/recipes.ts';

export interface Decided {
  decisions: PruneDecision[];
  /** why nothing may go although decisions say so */
  held: string | undefined;
  removed: Copy[];
}

/** A copy of which something is missing or was found damaged counts for none: it keeps its place, and takes no other's. */
export function decide(
  copies: readonly Copy[],
  policy: RetentionPolicy,
  now: number,
  { proofs, packs }: { proofs: Proofs; packs: Inventory['packs'] },
): Decided {
  const isWhole = ({ object, recipe }: Copy): boolean =>
    proofs.copies[object]?.ok !== false &&
    recipe.packs.every(({ sha256, size }) => packs.get(sha256) === size);
  const entries = copies.map((copy): CatalogueEntry => ({
    ...copy.recipe.entry,
    created_at: copy.recipe.arrived,
    ...(isWhole(copy) ? {} : { status: 'corrupt' }),
  }));
  const proved = newestProved(copies, proofs);
  const decisions = planPrune(entries, policy, now).map((decision, n): PruneDecision =>
    copies[n] === proved && decision.action === 'remove'
      ? { ...decision, action: 'keep', reasons: ['the newest copy that was proved good'] }
      : decision,
  );
  return {
    decisions,
    held: anomalyHold(entries, policy, now),
    removed: copies.filter((_, n) => decisions[n]!.action === 'remove'),
  };
}

function newestProved(copies: readonly Copy[], proofs: Proofs): Copy | undefined {
  const proved = copies.filter(({ object }) => proofs.copies[object]?.ok);
  return proved.reduce<Copy | undefined>(
    (newest, copy) =>
      newest !== undefined && Date.parse(newest.recipe.arrived) >= Date.parse(copy.recipe.arrived)
        ? newest
        : copy,
    undefined,
  );
}
