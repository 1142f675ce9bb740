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
  /** good and not of the future, newest first */
  good: DatedBackup[];
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
  const outlook: Outlook = { policy, today: placeInCalendar(now, policy.timezone), good };
  return backups.map((backup) => ({
    filename: backup.entry.filename,
    tier: backup.entry.tier,
    ...(backup.at <= now ? decide(backup, outlook) : undatable(backup)),
  }));
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
  const ofTier = outlook.good.filter(({ entry }) => entry.tier === tier);
  const rank = ofTier.indexOf(backup);
  if (rank === 0) return keep(`the newest good ${tier} backup`);
  if (rank < keepLast) return keep(`one of the newest ${keepLast} good ${tier} backups (KEEP_LAST)`);
  const against: string[] = [];
  if (isOverAge(backup, outlook, limit)) against.push(`older than ${many(limit)}`);
  if (tier === 'daily' && rank >= maxCount) against.push(`${rank} newer good ones, MAX_COUNT is ${maxCount}`);
  if (
    tier !== 'daily' &&
    ofTier.some((other) => isNewer(other, backup) && other[limit.unit] === backup[limit.unit])
  )
    against.push(`a newer good one of its ${limit.unit} is kept`);
  return against.length > 0 ? remove(...against) : keep(`not older than ${many(limit)}`);
}

function decideDoubtful(backup: DatedBackup, outlook: Outlook, limit: Limit): Verdict {
  const { status, tier } = backup.entry;
  const newer = outlook.good.filter((other) => isNewer(other, backup));
  const newerOfTier = newer.filter(({ entry }) => entry.tier === tier);
  if (status === 'incomplete')
    return newer.length > 0
      ? remove('incomplete, and a newer good one exists')
      : keep('incomplete, but no newer good one exists');
  const period = tier === 'monthly' ? 'month' : 'week';
  if (status === 'corrupt' && newerOfTier.some((other) => other[period] === backup[period]))
    return remove(`corrupt, and a good one of its ${period} replaces it`);
  if (isOverAge(backup, outlook, limit) && newerOfTier.length > 0)
    return remove(`${status}, older than ${many(limit)}, and newer good ones exist`);
  if (status === 'corrupt') return keep(`corrupt, but no good one of its ${period} replaces it yet`);
  return keep('not verified: it does not count, and is not counted against');
}

const many = ({ count, unit }: Limit): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
