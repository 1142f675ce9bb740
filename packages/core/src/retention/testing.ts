/** For tests: catalogues and policies in a line. */
import type { CatalogueEntry, RetentionPolicy, Tier } from '@gofr-backup/model';
import { formatName, isoUtc, timestampAt } from '../repository/names.ts';

export const policyWith = (changes: Partial<RetentionPolicy> = {}): RetentionPolicy => ({
  retentionDays: 30,
  maxCount: 90,
  keepLast: 3,
  weeklyWeeks: 8,
  monthlyMonths: 12,
  timezone: 'UTC',
  unverifiedIsGood: false,
  anomalyPercent: 50,
  ...changes,
});

/** A good backup of the instant `at`, but for `changes`. */
export function backupAt(
  at: number | string,
  changes: Partial<CatalogueEntry> & { timezone?: string; nth?: number } = {},
): CatalogueEntry {
  const { tier = 'daily' as Tier, timezone = 'UTC', nth = 1, ...rest } = changes;
  const instant = typeof at === 'number' ? at : Date.parse(at);
  const timestamp = timestampAt(instant, timezone);
  const filename = formatName({ prefix: 'gofr-plot', tier, timestamp, nth, compression: 'gzip' });
  return {
    filename,
    filepath: `/backups/${tier}/${filename}`,
    tier,
    timestamp,
    size_bytes: 1000,
    verified: true,
    status: 'good',
    created_at: isoUtc(instant),
    timezone,
    files: 100,
    source_bytes: 10_000,
    ...rest,
  };
}
