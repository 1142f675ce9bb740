import { type Condition, formatSpan, isFutureTime } from '@gofr-backup/model';
import type { Alert } from '@gofr-backup/notify';
import { storeProblems } from '@gofr-backup/core';
import type { WorkerReport } from '@gofr-backup/queue';
import { reportedTime } from './reported-time.ts';

export interface Limits {
  /** the newest good backup may be this old, in ms */
  maxAge: number;
  /** a worker that was not heard of for this long is dead or cut off, in ms */
  maxSilence: number;
  /** used share of the backup disk that is worth an alert; 0: none */
  diskPercent: number;
  timezone: string;
  /** by the store's name: the newest copy may be this old, in ms */
  maxCopyAge: Readonly<Record<string, number>>;
  /** when this watch began, ms since the epoch: nothing before it counts as late */
  since: number;
}

/** Pure: everything that is wrong now, as far as the worker's last report and its age tell. */
export function conditionsOf(report: WorkerReport, limits: Limits, now: number): Condition[] {
  return [
    ...silent(report, limits, now),
    ...overdue(report, limits, now),
    ...failed(report, limits),
    ...damaged(report),
    ...held(report),
    ...drill(report, limits),
    ...disk(report, limits),
    ...dataGone(report),
    ...copies(report, limits, now),
  ];
}

/** The age of a report's time. A time in the future counts as none, because its clock was wrong. */
function age(iso: string | undefined, since: number, now: number): number {
  const at = Date.parse(iso ?? '');
  return now - (Number.isNaN(at) || isFutureTime(at, now) ? since : at);
}

/** What doubles got worse; less than that is the same thing a little later. */
const doublings = (times: number): number => Math.floor(Math.log2(Math.max(1, times)));

const when = (iso: string | undefined, { timezone }: Limits): string =>
  reportedTime(iso, timezone) ?? 'never';

function silent(report: WorkerReport, limits: Limits, now: number): Condition[] {
  // A report from before this watch began must not count as the present worker's silence.
  const silence = Math.min(age(report.seen_at, limits.since, now), now - limits.since);
  if (silence <= limits.maxSilence) return [];
  return [
    {
      kind: 'worker-silent',
      about: '',
      title: 'the worker is silent',
      text: `The worker was last seen ${when(report.seen_at, limits)}. No backup can be made without it. Look at its container and log, and start it: gofr-backup worker (or serve).`,
    },
  ];
}

function overdue(report: WorkerReport, limits: Limits, now: number): Condition[] {
  const old = age(report.newest_good_at, limits.since, now);
  if (old <= limits.maxAge) return [];
  return [
    {
      kind: 'backup-overdue',
      about: '',
      degree: doublings(old / limits.maxAge),
      title: 'no good backup in time',
      text: `The newest good backup is from ${when(report.newest_good_at, limits)}; it should be at most ${formatSpan(limits.maxAge)} old. Make one now: gofr-backup now`,
    },
  ];
}

function failed({ last_backup: last }: WorkerReport, limits: Limits): Condition[] {
  if (!last || last.ok) return [];
  return [
    {
      kind: 'backup-failed',
      about: '',
      title: 'backup failed',
      text: `At ${when(last.at, limits)}: ${last.message ?? 'no reason was given'}`,
    },
  ];
}

function damaged({ corrupt = [] }: WorkerReport): Condition[] {
  return corrupt.map((name) => ({
    kind: 'corrupt',
    about: name,
    title: 'a backup is damaged',
    text: `${name} failed verification: its contents have changed on disk. It no longer counts as good; it is kept until its retention is over. Check the disk, and verify the others: gofr-backup verify --all`,
  }));
}

/** The text of an ending alert says why it ends. A damaged backup that no longer exists was not mended. */
export function endingOf(alert: Alert, { gone = [] }: WorkerReport, timezone: string): Alert {
  if (alert.state !== 'resolved') return alert;
  if (alert.acknowledged) {
    const { by, at } = alert.acknowledged;
    const next = 'It goes on: the next alert of it comes when it gets worse, or when it begins again.';
    return {
      ...alert,
      text: `Acknowledged by ${by} at ${reportedTime(at, timezone)}. ${next} It is: ${alert.text}`,
    };
  }
  if (alert.kind !== 'corrupt' || !gone.includes(alert.about))
    return {
      ...alert,
      text: `It is good again, seen at ${reportedTime(alert.at, timezone)}. It was: ${alert.text}`,
    };
  const text = `${alert.about} was damaged, and is not there any more: its retention was over, or somebody removed it. It was not mended.`;
  return { ...alert, title: 'a damaged backup is gone', text };
}

function held({ held: reason }: WorkerReport): Condition[] {
  if (reason === undefined) return [];
  return [
    {
      kind: 'prune-held',
      about: '',
      title: 'pruning is held',
      text: `${reason} Nothing is removed meanwhile. If you expected this, run \`gofr-backup prune --force\`.`,
    },
  ];
}

function drill({ last_drill: last }: WorkerReport, limits: Limits): Condition[] {
  if (!last || last.ok) return [];
  return [
    {
      kind: 'drill-failed',
      about: last.backup,
      title: 'a restore drill failed',
      text: `${last.backup} did not come back as it was at ${when(last.at, limits)}: ${last.message ?? 'see the log'} Drill another one: gofr-backup drill NAME`,
    },
  ];
}

function dataGone({ data_gone: gone = [] }: WorkerReport): Condition[] {
  return gone.map((name) => ({
    kind: 'data-gone',
    about: name,
    title: 'the data is gone',
    text: `The directory of ${name} does not exist any more. Check that its volume is mounted; if it is lost: gofr-backup restore --latest`,
  }));
}

function disk({ disk: room }: WorkerReport, { diskPercent }: Limits): Condition[] {
  if (!room || room.size <= 0 || diskPercent === 0) return [];
  const used = Math.floor((100 * (room.size - room.free)) / room.size);
  if (used < diskPercent) return [];
  return [
    {
      kind: 'disk-nearly-full',
      about: '',
      degree: doublings(room.size / Math.max(1, room.free)),
      title: 'the backup disk is nearly full',
      text: `${used} % of it is used, ${Math.round(room.free / 1_048_576)} MB are free. Lower the retention, or make room.`,
    },
  ];
}

/** Stores that the settings do not name any more are nobody's concern. */
function copies({ stores = [] }: WorkerReport, limits: Limits, now: number): Condition[] {
  return stores.flatMap((state) => {
    const maxAge = limits.maxCopyAge[state.store ?? ''];
    if (maxAge === undefined) return [];
    return storeProblems(state, { ...limits, now, maxAge }).map(({ code, title, text, todo }) => ({
      ...{ kind: code, about: state.store ?? '', title },
      text: `${text} ${todo}`,
      ...(code === 'copy-overdue' && {
        degree: doublings(age(state.newest?.created_at, limits.since, now) / maxAge),
      }),
    }));
  });
}
