/** When a backup was made, and whether that is still to come: a clock that was wrong for a day dates them so. */
import { DateTime } from 'luxon';
import type { CatalogueEntry } from './catalogue-entry.ts';
import type { Catalogue } from './catalogue.ts';

/** Hosts that share a directory may disagree by so much about the time; milliseconds. */
export const CLOCK_SKEW = 5 * 60_000;

/** `timezone` is for an entry that names none. Milliseconds since the epoch; NaN when the entry does not say. */
export function madeAt(entry: CatalogueEntry, timezone = 'utc'): number {
  if (entry.created_at !== undefined) return Date.parse(entry.created_at);
  return DateTime.fromISO(entry.timestamp, { zone: entry.timezone ?? timezone }).toMillis();
}

/** Whether a recorded time lies in the future. Such a record counts for nothing until its time has come. */
export const isFutureTime = (at: number, now: number): boolean => at > now + CLOCK_SKEW;

export const isFuture = (entry: CatalogueEntry, now: number): boolean => isFutureTime(madeAt(entry), now);

/** The backups that are not dated in the future, in the order given. */
export const untilNow = (catalogue: Catalogue, now: number): CatalogueEntry[] =>
  catalogue.filter((entry) => !isFuture(entry, now));

/**
 * Milliseconds since the epoch of a time as a person writes it (`2025-12-13`, `2025-12-13 02:00`, ISO 8601), in the zone
 * unless it names one; undefined when it is none.
 */
export function momentOf(text: string, timezone: string): number | undefined {
  const time = DateTime.fromISO(text.trim().replace(/(?<=\d) +(?=\d)/, 'T'), { zone: timezone });
  return time.isValid ? time.toMillis() : undefined;
}
