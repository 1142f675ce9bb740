/** The schedule as instants: how far apart runs are, which runs were due. */
import { longestGap as gapOf } from '@gofr-backup/config';
import { CronExpressionParser } from 'cron-parser';

export interface Schedule {
  /** five-field cron */
  pattern: string;
  timezone: string;
  enabled: boolean;
}

/** At most this many runs are computed, so that a schedule by the minute costs no more than a daily one. */
const MOST_RUNS = 2000;

const iterate = (schedule: Schedule, from: number) =>
  CronExpressionParser.parse(schedule.pattern, { tz: schedule.timezone, currentDate: new Date(from) });

/** Due times in [from, to), newest last; the newest MOST_RUNS of them. */
export function dueRuns(schedule: Schedule, from: number, to: number): number[] {
  if (!schedule.enabled) return [];
  const runs: number[] = [];
  try {
    const cron = iterate(schedule, to);
    while (runs.length < MOST_RUNS) {
      const at = cron.prev().getTime();
      if (at < from) break;
      runs.push(at);
    }
  } catch {
    // a pattern with no earlier run: what was found is all there is
  }
  return runs.reverse();
}

/** The longest wait between the coming runs, in milliseconds; undefined when nothing is scheduled. */
export function longestGap(schedule: Schedule, now: number): number | undefined {
  if (!schedule.enabled) return undefined;
  return gapOf(schedule.pattern, schedule.timezone, now);
}

/**
 * Due runs after which no backup was made before the following one. `grace` is how long a run may take to show;
 * nothing before the first known backup was missed: there was no service yet, or it was pruned.
 */
export function missedRuns(
  due: readonly number[],
  made: readonly number[],
  now: number,
  grace: number,
): number[] {
  const times = made.filter((at) => at <= now).sort((a, b) => a - b);
  const first = times[0];
  if (first === undefined) return [];
  let next = 0;
  return due.filter((at, i) => {
    if (at < first || at + grace > now) return false;
    const until = due[i + 1] ?? now;
    while ((times[next] ?? now) < at) next++;
    return (times[next] ?? now) >= until;
  });
}
