/** A catalogue entry with what retention asks of it: when, in which week and month, and whether it counts as good. */
import { DateTime } from 'luxon';
import type { CatalogueEntry } from '../catalogue.ts';
import type { RetentionPolicy } from '../plan.ts';
import { placeInCalendar } from './calendar.ts';
import type { CalendarPlace } from './calendar.ts';

export interface DatedBackup extends CalendarPlace {
  entry: CatalogueEntry;
  /** milliseconds since the epoch; NaN when the entry does not say */
  at: number;
  good: boolean;
}

export function dated(entry: CatalogueEntry, policy: RetentionPolicy): DatedBackup {
  const at = timeOf(entry, policy.timezone);
  return { entry, at, good: isGood(entry, policy), ...placeInCalendar(at, policy.timezone) };
}

export const isGood = ({ status }: CatalogueEntry, { unverifiedIsGood }: RetentionPolicy): boolean =>
  status === 'good' || (unverifiedIsGood && status === 'unverified');

/** Newest first; two of one instant by name, as `_2` was made after the one without. */
export const newestFirst = (a: DatedBackup, b: DatedBackup): number =>
  b.at - a.at || compareNames(b.entry.filename, a.entry.filename);
const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const isNewer = (one: DatedBackup, other: DatedBackup): boolean => newestFirst(one, other) < 0;

function timeOf(entry: CatalogueEntry, timezone: string): number {
  if (entry.created_at !== undefined) return Date.parse(entry.created_at);
  return DateTime.fromISO(entry.timestamp, { zone: entry.timezone ?? timezone }).toMillis();
}
