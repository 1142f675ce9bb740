import { type Catalogue, isInDoubt, type RetentionPolicy } from '@gofr-backup/model';
import { dated, isNewer, newestFirst } from './dated-backup.ts';
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
  const all = catalogue.map((entry) => dated(entry, policy, now));
  const [newest, ...good] = distinct(all.filter((backup) => backup.good));
  if (newest === undefined) return undefined;
  const before = [...good, ...distinct(all.filter(claimsToBeBefore(newest)))].slice(0, COMPARED);
  for (const { field, word } of MEASURES) {
    const usual = median(before.map(({ entry }) => entry[field]).filter((value) => value !== undefined));
    const present = newest.entry[field];
    if (!usual || present === undefined) continue;
    if (present <= usual * (1 - policy.anomalyPercent / 100))
      return `${newest.entry.filename} has ${present} ${word}, the ${before.length} before it a median of ${usual}`;
  }
  return undefined;
}

/**
 * Where good ones are few, as after an upgrade, what others claim to hold is better than no measure: it can only hold a
 * prune.
 */
const claimsToBeBefore =
  (newest: DatedBackup) =>
  (backup: DatedBackup): boolean =>
    isInDoubt(backup.entry) && backup.entry.status === 'unverified' && isNewer(newest, backup);

/** Newest first, without promoted copies and safety backups. */
function distinct(backups: DatedBackup[]): DatedBackup[] {
  const asked = backups.filter(({ entry }) => entry.trigger !== 'pre-restore').sort(newestFirst);
  return asked.filter(
    (backup, place) => backup.at !== asked[place - 1]?.at || !sameContent(backup, asked[place - 1]),
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
