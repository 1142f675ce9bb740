import type { Catalogue, RetentionPolicy } from '@gofr-backup/model';
import { dated, newestFirst } from './dated-backup.ts';
import type { DatedBackup } from './dated-backup.ts';

/** The newest backup is compared with the median of this many before it. */
const COMPARED = 7;
const MEASURES = [
  { field: 'source_bytes', word: 'bytes' },
  { field: 'files', word: 'files' },
] as const;

/**
 * Why the newest good backup looks too small to let older ones go; undefined when it does not. Pure. Safety backups
 * before a restore are no measure: what they saw may be the very damage.
 */
export function anomalyHold(catalogue: Catalogue, policy: RetentionPolicy, now: number): string | undefined {
  if (policy.anomalyPercent <= 0) return undefined;
  const [newest, ...before] = distinctBackups(catalogue, policy, now).slice(0, COMPARED + 1);
  if (newest === undefined) return undefined;
  for (const { field, word } of MEASURES) {
    const usual = median(before.map(({ entry }) => entry[field]).filter((value) => value !== undefined));
    const present = newest.entry[field];
    if (!usual || present === undefined) continue;
    if (present <= usual * (1 - policy.anomalyPercent / 100))
      return `${newest.entry.filename} has ${present} ${word}, the ${before.length} before it a median of ${usual}`;
  }
  return undefined;
}

/** Good backups, newest first, without promoted copies. */
function distinctBackups(catalogue: Catalogue, policy: RetentionPolicy, now: number): DatedBackup[] {
  const good = catalogue
    .filter(({ trigger }) => trigger !== 'pre-restore')
    .map((entry) => dated(entry, policy, now))
    .filter(({ good: counts }) => counts)
    .sort(newestFirst);
  return good.filter(
    (backup, place) => backup.at !== good[place - 1]?.at || !sameContent(backup, good[place - 1]),
  );
}

const sameContent = (one: DatedBackup, other: DatedBackup | undefined): boolean =>
  one.entry.size_bytes === other?.entry.size_bytes;

function median(values: number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle];
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
