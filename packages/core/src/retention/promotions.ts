import {
  type Catalogue,
  type CatalogueEntry,
  countsAsGood,
  type RetentionPolicy,
  type Tier,
} from '@gofr-backup/model';
import { dated } from './dated-backup.ts';

/**
 * The tiers this backup is the first good one of its week or month for. Pure. A safety backup before a restore is
 * never promoted: it may hold the damage the restore is for. One dated in the future stands for no week or month.
 */
export function promotionsFor(
  entry: CatalogueEntry,
  catalogue: Catalogue,
  policy: RetentionPolicy,
  now: number,
): Tier[] {
  const backup = dated(entry, policy, now);
  if (!backup.good || entry.trigger === 'pre-restore') return [];
  const hasOne = (tier: Tier, period: 'week' | 'month'): boolean =>
    entry.tier === tier ||
    catalogue.some((other) => {
      if (other.tier !== tier || !countsAsGood(other, policy)) return false;
      const there = dated(other, policy, now);
      return there.good && there[period] === backup[period];
    });
  const tiers: Tier[] = [];
  if (policy.weeklyWeeks !== undefined && !hasOne('weekly', 'week')) tiers.push('weekly');
  if (policy.monthlyMonths !== undefined && !hasOne('monthly', 'month')) tiers.push('monthly');
  return tiers;
}
