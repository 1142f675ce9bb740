/** The last months of backups: one mark a day and tier, and the runs that made none. */
import { DAY, formatCount, formatDate, formatSize, type Status, type Tier, TIERS } from '@gofr-backup/model';
import type { Dated } from '@gofr-backup/core';

/** How far back the first page looks, in days; the first is what it begins with. */
export const RANGES = [90, 365] as const;
export type Range = (typeof RANGES)[number];

export const rangeOf = (asked: string | undefined): Range =>
  RANGES.find((days) => String(days) === asked) ?? RANGES[0];

export type MarkKind = Status | 'missed';

export interface Mark {
  /** days since the start of the window */
  day: number;
  kind: MarkKind;
  /** e.g. `2025-12-13: good, 15.32 MB` */
  label: string;
  count: number;
  /** of the backup that decides; absent: none was made */
  filename?: string;
}

export interface Lane {
  tier: Tier;
  marks: Mark[];
}

export interface Timeline {
  range: Range;
  lanes: Lane[];
  /** first days of months within the window */
  months: { day: number; label: string }[];
  /** one sentence for those who cannot see it */
  summary: string;
}

/** The worse of several backups on one day is what the day shows. */
const SEVERITY: Record<MarkKind, number> = { good: 0, unverified: 1, missed: 2, incomplete: 3, corrupt: 4 };

export function timeline(
  all: readonly Dated[],
  missed: readonly number[],
  now: number,
  timezone: string,
  range: Range = RANGES[0],
): Timeline {
  const dayOf = dayNumbers(now, timezone, range);
  const lanes = TIERS.map((tier) => ({ tier, marks: laneMarks(all, tier, { dayOf, timezone, range }) }));
  const daily = lanes[0];
  if (daily) addMissed(daily, missed, { dayOf, timezone, range });
  return { range, lanes, months: months(now, timezone, range), summary: summarize(lanes, range) };
}

interface Days {
  dayOf: (at: number) => number;
  timezone: string;
  range: Range;
}

/** Local days counted by calendar, so that a day of 23 or 25 hours is one day. */
export function dayNumbers(now: number, timezone: string, range: Range): (at: number) => number {
  const number = (at: number) => Math.round(Date.parse(`${formatDate(at, timezone)}T00:00:00Z`) / DAY);
  const first = number(now) - range + 1;
  return (at) => number(at) - first;
}

function laneMarks(all: readonly Dated[], tier: Tier, { dayOf, timezone, range }: Days): Mark[] {
  const days = new Map<number, { worst: Dated; count: number }>();
  for (const dated of all) {
    if (dated.entry.tier !== tier || Number.isNaN(dated.at)) continue;
    const day = dayOf(dated.at);
    if (day < 0 || day >= range) continue;
    const seen = days.get(day);
    if (!seen) days.set(day, { worst: dated, count: 1 });
    else {
      seen.count++;
      if (SEVERITY[dated.entry.status] > SEVERITY[seen.worst.entry.status]) seen.worst = dated;
    }
  }
  return [...days]
    .sort(([a], [b]) => a - b)
    .map(([day, { worst, count }]) => mark(day, worst, count, timezone));
}

function mark(day: number, { entry, at }: Dated, count: number, timezone: string): Mark {
  const more = count > 1 ? `, ${formatCount(count, 'backup')}` : '';
  const label = `${formatDate(at, timezone)}: ${entry.status}, ${formatSize(entry.size_bytes)}${more}`;
  return { day, kind: entry.status, label, count, filename: entry.filename };
}

function addMissed(lane: Lane, missed: readonly number[], { dayOf, timezone, range }: Days): void {
  const taken = new Set(lane.marks.map((one) => one.day));
  for (const at of missed) {
    const day = dayOf(at);
    if (day < 0 || day >= range || taken.has(day)) continue;
    taken.add(day);
    lane.marks.push({
      day,
      kind: 'missed',
      label: `${formatDate(at, timezone)}: no backup was made`,
      count: 1,
    });
  }
  lane.marks.sort((a, b) => a.day - b.day);
}

function months(now: number, timezone: string, range: Range): { day: number; label: string }[] {
  const dayOf = dayNumbers(now, timezone, range);
  const name = new Intl.DateTimeFormat('en', { month: 'short', timeZone: 'UTC' });
  const [year = 1970, month = 1] = formatDate(now, timezone).split('-').map(Number);
  const found: { day: number; label: string }[] = [];
  for (let back = 11; back >= 0; back--) {
    const first = Date.UTC(year, month - 1 - back, 1, 12);
    found.push({ day: dayOf(first), label: name.format(first) });
  }
  return found.filter(({ day }) => day >= 0);
}

function summarize(lanes: readonly Lane[], range: Range): string {
  const parts = lanes.map(({ tier, marks }) => {
    const counts = new Map<MarkKind, number>();
    for (const { kind, count } of marks) counts.set(kind, (counts.get(kind) ?? 0) + count);
    const text = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
    return `${tier}: ${text || 'none'}`;
  });
  return `Backups of the last ${range} days. ${parts.join('; ')}.`;
}
