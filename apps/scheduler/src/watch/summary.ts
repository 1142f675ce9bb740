/** What a person asked to be told from time to time: how the backups are, also when nothing is wrong. */
import { lastTimeOf } from '@gofr-backup/config';
import { type Condition, formatCount, formatSize } from '@gofr-backup/model';
import type { Message } from '@gofr-backup/notify';
import type { WorkerReport } from '@gofr-backup/queue';
import { reportedTime } from './reported-time.ts';

interface Summary {
  project: string;
  report: WorkerReport;
  /** what is wrong now */
  conditions: readonly Condition[];
  timezone: string;
  /** ms since the epoch, of this summary and of the one before */
  now: number;
  since: number;
}

/** A time in the future was written by a clock that was wrong. */
export function isDue(
  pattern: string,
  timezone: string,
  { now, told }: { now: number; told: number },
): boolean {
  return told > now || told < lastTimeOf(pattern, timezone, now);
}

/** Pure. */
export function summaryOf({ project, report, conditions, timezone, now, since }: Summary): Message {
  const zoned: Zoned = (iso) => reportedTime(iso, timezone);
  const needs = `${formatCount(conditions.length, 'thing')} ${conditions.length === 1 ? 'needs' : 'need'} attention`;
  const lines = [
    ...conditions.map(({ title, text }) => `! ${title}: ${text}`),
    `Newest good backup: ${zoned(report.newest_good_at) ?? 'none'}`,
    `Last restore drill: ${drillOf(report, zoned)}`,
    ...(report.stores ?? []).map(
      ({ store = 'a store', newest }) => `Newest copy in ${store}: ${zoned(newest?.created_at) ?? 'none'}`,
    ),
    ...(report.disk
      ? [`Backup disk: ${formatSize(report.disk.free)} of ${formatSize(report.disk.size)} free`]
      : []),
  ];
  return {
    ...{ kind: 'summary', about: '', project, state: 'summary' },
    title: conditions.length === 0 ? 'summary: nothing needs attention' : `summary: ${needs}`,
    text: lines.join('\n'),
    at: new Date(now).toISOString(),
    since: new Date(since).toISOString(),
  };
}

type Zoned = (iso: string | undefined) => string | undefined;

function drillOf({ last_drill: last }: WorkerReport, zoned: Zoned): string {
  if (!last) return 'none yet';
  return `${last.ok ? 'passed' : 'failed'} ${zoned(last.at) ?? 'at an unknown time'}, with ${last.backup}`;
}
