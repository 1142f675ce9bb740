import { CronExpressionParser } from 'cron-parser';
import type { Settings } from './settings.ts';

const HOUR = 3_600_000;
/** what a run may take beyond its schedule before the newest backup counts as overdue */
const ALLOWANCE = 2 * HOUR;
/** enough to see a week of a daily pattern, weekends left out, twice */
const RUNS_LOOKED_AT = 14;

type Schedule = Pick<Settings, 'schedule' | 'timezone' | 'maxAgeHours'>;

/** How old the newest good backup may be, in ms: MAX_AGE_HOURS, else the longest wait of the coming runs and two hours. */
export function maxAgeOf(settings: Schedule, now: number): number {
  if (settings.maxAgeHours !== undefined) return settings.maxAgeHours * HOUR;
  return longestGap(settings, now) + ALLOWANCE;
}

function longestGap({ schedule, timezone }: Schedule, now: number): number {
  const cron = CronExpressionParser.parse(schedule, { tz: timezone, currentDate: new Date(now) });
  const runs = Array.from({ length: RUNS_LOOKED_AT }, () => cron.next().getTime());
  return Math.max(...runs.slice(1).map((at, i) => at - (runs[i] ?? at)));
}
