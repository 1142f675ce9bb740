import { CronExpressionParser } from 'cron-parser';
import type { Settings } from './settings.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** what a run may take beyond its schedule before the newest backup counts as overdue */
const ALLOWANCE = 2 * HOUR;
/** enough to see a week of a daily pattern, weekends left out, twice */
const GAPS_LOOKED_AT = 14;

type Freshness = Pick<Settings, 'schedule' | 'timezone' | 'maxAgeHours'>;

/** How old the newest good backup may be, in ms: MAX_AGE_HOURS, else the longest wait of the coming runs and two hours. */
export function maxAgeOf({ schedule, timezone, maxAgeHours }: Freshness, now: number): number {
  if (maxAgeHours !== undefined) return maxAgeHours * HOUR;
  return longestGap(schedule, timezone, now) + ALLOWANCE;
}

/** How old the newest copy in each store may be, in ms by name: OFFSITE_MAX_AGE_HOURS, else a day more than a backup. */
export function maxCopyAges(settings: Settings, now: number): Record<string, number> {
  const age = ({ offsiteMaxAgeHours: hours }: Settings['stores'][number]): number => {
    if (hours !== undefined) return hours * HOUR;
    return settings.enabled ? maxAgeOf(settings, now) + DAY : Number.POSITIVE_INFINITY;
  };
  return Object.fromEntries(settings.stores.map((store) => [store.name, age(store)]));
}

/** The last time before `now` that a cron pattern names, in ms since the epoch. */
export function lastTimeOf(pattern: string, timezone: string, now: number): number {
  return CronExpressionParser.parse(pattern, { tz: timezone, currentDate: new Date(now) })
    .prev()
    .getTime();
}

/** The longest wait between the coming runs of a cron pattern, in ms. */
export function longestGap(pattern: string, timezone: string, now: number): number {
  const cron = CronExpressionParser.parse(pattern, { tz: timezone, currentDate: new Date(now) });
  let longest = 0;
  let last = cron.next().getTime();
  for (let i = 0; i < GAPS_LOOKED_AT; i++) {
    const at = cron.next().getTime();
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}
