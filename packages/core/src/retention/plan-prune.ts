import type { Catalogue, Tier } from '../catalogue.ts';
import type { PruneDecision } from '../operations/types.ts';
import type { RetentionPolicy } from '../plan.ts';
import { placeInCalendar } from './calendar.ts';
import type { CalendarPlace } from './calendar.ts';
import { dated, isNewer, newestFirst } from './dated-backup.ts';
import type { DatedBackup } from './dated-backup.ts';

/** What all decisions of one plan look at. */
interface Outlook {
  policy: RetentionPolicy;
  today: CalendarPlace;
  /** good and not of the future, the newest of all and of each tier */
  newestGood: DatedBackup | undefined;
  newestGoodOf: ReadonlyMap<Tier, DatedBackup>;
  /** place among the good ones of its tier, 0 for the newest */
  rank: ReadonlyMap<DatedBackup, number>;
  /** the newest good one of each period, by `periodKey` */
  newestOfPeriod: ReadonlyMap<string, DatedBackup>;
}

type Verdict = Pick<PruneDecision, 'action' | 'reasons'>;
const keep = (...reasons: string[]): Verdict => ({ action: 'keep', reasons });
const remove = (...reasons: string[]): Verdict => ({ action: 'remove', reasons });

/**
 * Keep or remove, with reasons, for every entry, in the catalogue's order. Pure. `now`: milliseconds since the epoch.
 * Only good backups count as kept. Never removed: the newest good one of a tier, the newest KEEP_LAST good ones of a
 * tier, what is dated in the future (or not at all), and tiers that are switched off.
 */
export function planPrune(catalogue: Catalogue, policy: RetentionPolicy, now: number): PruneDecision[] {
  const backups = catalogue.map((entry) => dated(entry, policy));
  const good = backups.filter((backup) => backup.good && backup.at <= now).sort(newestFirst);
  const outlook: Outlook = { policy, today: placeInCalendar(now, policy.timezone), ...ordered(good) };
  return backups.map((backup) => ({
    filename: backup.entry.filename,
    tier: backup.entry.tier,
    ...(backup.at <= now ? decide(backup, outlook) : undatable(backup)),
  }));
}

const UNITS = ['day', 'week', 'month'] as const;
const periodKey = (tier: Tier, unit: keyof CalendarPlace, number: number): string =>
  `${tier} ${unit} ${number}`;

/** One pass, so that a plan of ten thousand backups is as quick as it is long. `good` is newest first. */
function ordered(good: readonly DatedBackup[]): Omit<Outlook, 'policy' | 'today'> {
  const counts = new Map<Tier, number>();
  const rank = new Map<DatedBackup, number>();
  const newestGoodOf = new Map<Tier, DatedBackup>();
  const newestOfPeriod = new Map<string, DatedBackup>();
  for (const backup of good) {
    const { tier } = backup.entry;
    const place = counts.get(tier) ?? 0;
    counts.set(tier, place + 1);
    rank.set(backup, place);
    if (place === 0) newestGoodOf.set(tier, backup);
    for (const unit of UNITS) {
      const key = periodKey(tier, unit, backup[unit]);
      if (!newestOfPeriod.has(key)) newestOfPeriod.set(key, backup);
    }
  }
  return { newestGood: good[0], newestGoodOf, rank, newestOfPeriod };
}

/** A good one of the same tier and period is newer. */
function isReplaced(backup: DatedBackup, unit: keyof CalendarPlace, { newestOfPeriod }: Outlook): boolean {
  const newest = newestOfPeriod.get(periodKey(backup.entry.tier, unit, backup[unit]));
  return newest !== undefined && isNewer(newest, backup);
}

const undatable = ({ at }: DatedBackup): Verdict =>
  keep(Number.isNaN(at) ? 'its time cannot be read' : 'it is dated in the future');

function decide(backup: DatedBackup, outlook: Outlook): Verdict {
  const limit = limitOf(backup.entry.tier, outlook.policy);
  if (limit === undefined) return keep(`the ${backup.entry.tier} tier is switched off: what is there stays`);
  return backup.good ? decideGood(backup, outlook, limit) : decideDoubtful(backup, outlook, limit);
}

/** How long a tier keeps, and in which unit it counts. */
interface Limit {
  count: number;
  unit: keyof CalendarPlace;
}

function limitOf(tier: Tier, policy: RetentionPolicy): Limit | undefined {
  if (tier === 'daily') return { count: policy.retentionDays, unit: 'day' };
  if (tier === 'weekly')
    return policy.weeklyWeeks === undefined ? undefined : { count: policy.weeklyWeeks, unit: 'week' };
  return policy.monthlyMonths === undefined ? undefined : { count: policy.monthlyMonths, unit: 'month' };
}

const isOverAge = (backup: DatedBackup, { today }: Outlook, { count, unit }: Limit): boolean =>
  today[unit] - backup[unit] > count;

function decideGood(backup: DatedBackup, outlook: Outlook, limit: Limit): Verdict {
  const { tier } = backup.entry;
  const { keepLast, maxCount } = outlook.policy;
  const rank = outlook.rank.get(backup) ?? 0;
  if (rank === 0) return keep(`the newest good ${tier} backup`);
  if (rank < keepLast) return keep(`one of the newest ${keepLast} good ${tier} backups (KEEP_LAST)`);
  const against: string[] = [];
  if (isOverAge(backup, outlook, limit)) against.push(`older than ${many(limit)}`);
  if (tier === 'daily' && rank >= maxCount) against.push(`${rank} newer good ones, MAX_COUNT is ${maxCount}`);
  if (tier !== 'daily' && isReplaced(backup, limit.unit, outlook))
    against.push(`a newer good one of its ${limit.unit} is kept`);
  return against.length > 0 ? remove(...against) : keep(`not older than ${many(limit)}`);
}

function decideDoubtful(backup: DatedBackup, outlook: Outlook, limit: Limit): Verdict {
  const { status, tier } = backup.entry;
  const { newestGood } = outlook;
  const newestOfTier = outlook.newestGoodOf.get(tier);
  const newerExists = newestGood !== undefined && isNewer(newestGood, backup);
  const newerOfTier = newestOfTier !== undefined && isNewer(newestOfTier, backup);
  if (status === 'incomplete')
    return newerExists
      ? remove('incomplete, and a newer good one exists')
      : keep('incomplete, but no newer good one exists');
  const period = tier === 'monthly' ? 'month' : 'week';
  if (status === 'corrupt' && isReplaced(backup, period, outlook))
    return remove(`corrupt, and a good one of its ${period} replaces it`);
  if (isOverAge(backup, outlook, limit) && newerOfTier)
    return remove(`${status}, older than ${many(limit)}, and newer good ones exist`);
  if (status === 'corrupt') return keep(`corrupt, but no good one of its ${period} replaces it yet`);
  return keep('not verified: it does not count, and is not counted against');
}

const many = ({ count, unit }: Limit): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
