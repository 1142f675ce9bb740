import {
  type Catalogue,
  formatCount,
  type PruneDecision,
  type RetentionPolicy,
  type Tier,
} from '@gofr-backup/model';
import { placeInCalendar } from './calendar.ts';
import type { CalendarPlace } from './calendar.ts';
import { dated, isNewer, newestFirst } from './dated-backup.ts';
import type { DatedBackup } from './dated-backup.ts';

/** The facts that all decisions of one plan depend on. */
interface Outlook {
  policy: RetentionPolicy;
  today: CalendarPlace;
  /** the last good one of each tier that KEEP_LAST, or being the newest, protects */
  lastProtectedOf: ReadonlyMap<Tier, DatedBackup>;
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
 * Only good backups count as kept. Never removed: what is pinned, the newest good one of a tier, the newest KEEP_LAST
 * good ones of a tier, what is dated in the future (or not at all), and tiers that are switched off. Damage is no reason
 * to remove: what is corrupt or incomplete may hold the only version of a file, and stays as long as a good one would.
 * So fewer good ones never let more go: a manifest that says less than the truth costs no backup.
 */
export function planPrune(catalogue: Catalogue, policy: RetentionPolicy, now: number): PruneDecision[] {
  const backups = catalogue.map((entry) => dated(entry, policy, now));
  const good = backups.filter((backup) => backup.good).sort(newestFirst);
  const outlook: Outlook = {
    policy,
    today: placeInCalendar(now, policy.timezone),
    ...ordered(good, policy.keepLast),
  };
  return backups.map((backup) => ({
    filename: backup.entry.filename,
    tier: backup.entry.tier,
    ...decide(backup, outlook),
  }));
}

const UNITS = ['day', 'week', 'month'] as const;
const periodKey = (tier: Tier, unit: keyof CalendarPlace, number: number): string =>
  `${tier} ${unit} ${number}`;

/** One pass, so that a plan of ten thousand backups is as quick as it is long. `good` is newest first. */
function ordered(good: readonly DatedBackup[], keepLast: number): Omit<Outlook, 'policy' | 'today'> {
  const counts = new Map<Tier, number>();
  const rank = new Map<DatedBackup, number>();
  const lastProtectedOf = new Map<Tier, DatedBackup>();
  const newestOfPeriod = new Map<string, DatedBackup>();
  for (const backup of good) {
    const { tier } = backup.entry;
    const place = counts.get(tier) ?? 0;
    counts.set(tier, place + 1);
    rank.set(backup, place);
    if (place === Math.max(keepLast, 1) - 1) lastProtectedOf.set(tier, backup);
    for (const unit of UNITS) {
      const key = periodKey(tier, unit, backup[unit]);
      if (!newestOfPeriod.has(key)) newestOfPeriod.set(key, backup);
    }
  }
  return { lastProtectedOf, rank, newestOfPeriod };
}

/** A good one of the same tier and period is newer. */
function isReplaced(backup: DatedBackup, unit: keyof CalendarPlace, { newestOfPeriod }: Outlook): boolean {
  const newest = newestOfPeriod.get(periodKey(backup.entry.tier, unit, backup[unit]));
  return newest !== undefined && isNewer(newest, backup);
}

const undatable = ({ at }: DatedBackup): Verdict =>
  keep(Number.isNaN(at) ? 'its time cannot be read' : 'it is dated in the future');

function decide(backup: DatedBackup, outlook: Outlook): Verdict {
  if (backup.entry.pinned) return keep('pinned');
  if (!backup.present) return undatable(backup);
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

/** The decision for a backup that is not good: it is not counted, and never exceeds a count. */
function decideDoubtful(backup: DatedBackup, outlook: Outlook, limit: Limit): Verdict {
  const { status, tier } = backup.entry;
  const what = status === 'unverified' ? 'not verified' : status;
  if (!isOverAge(backup, outlook, limit)) return keep(`${what}, but not older than ${many(limit)}`);
  const last = outlook.lastProtectedOf.get(tier);
  return last !== undefined && isNewer(last, backup)
    ? remove(`${what}, older than ${many(limit)}, and newer good ones exist`)
    : keep(`${what}, but ${tooFew(outlook.policy.keepLast, tier)}`);
}

const tooFew = (keepLast: number, tier: Tier): string =>
  keepLast > 1
    ? `fewer than ${keepLast} newer good ${tier} backups exist`
    : `no newer good ${tier} backup exists`;
const many = ({ count, unit }: Limit): string => formatCount(count, unit);
