/**
 * A catalogue entry with the facts that retention decides by: its time, week and month, and whether it counts as
 * good.
 */
import {
  type CatalogueEntry,
  countsAsGood,
  isFutureTime,
  madeAt,
  type RetentionPolicy,
} from '@gofr-backup/model';
import { placeInCalendar } from './calendar.ts';
import type { CalendarPlace } from './calendar.ts';

export interface DatedBackup extends CalendarPlace {
  entry: CatalogueEntry;
  /** milliseconds since the epoch; NaN when the entry does not say */
  at: number;
  /** its time is known, and has come */
  present: boolean;
  /** and present */
  good: boolean;
}

export function dated(entry: CatalogueEntry, policy: RetentionPolicy, now: number): DatedBackup {
  const at = madeAt(entry, policy.timezone);
  const present = !Number.isNaN(at) && !isFutureTime(at, now);
  return {
    entry,
    at,
    present,
    good: present && countsAsGood(entry, policy),
    ...placeInCalendar(at, policy.timezone),
  };
}

/** Newest first; two of one instant by name, as `_2` was made after the one without. */
export const newestFirst = (a: DatedBackup, b: DatedBackup): number =>
  b.at - a.at || compareNames(b.entry.filename, a.entry.filename);
const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const isNewer = (one: DatedBackup, other: DatedBackup): boolean => newestFirst(one, other) < 0;
