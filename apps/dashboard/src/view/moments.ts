/** When was it good: the states to choose from, newest first. */
import type { Dated, StateChange, StatesOutcome } from '@gofr-backup/core';
import { joinTwins } from './listing.ts';
import { formatCount, formatMinute, formatSize, isFutureTime, type Status } from '@gofr-backup/model';

export interface Moment {
  /** of the newest and the oldest backup that hold it so; milliseconds since the epoch */
  to: number;
  from: number;
  /** the newest backup of them that may be restored; undefined: nothing can be chosen here */
  backup?: string;
  status: Status | 'gone';
  /** what it was */
  held: string;
  /** against the state before; empty: nothing is known before it */
  change: string;
}

export interface When {
  all: readonly Dated[];
  timezone: string;
  now: number;
}

/** Of one path and all below it. */
export function momentsOf({ states, kind }: StatesOutcome, { all, timezone }: When): Moment[] {
  const known = new Map(all.map((dated) => [dated.entry.filename, dated]));
  return states.map(({ backups, entries, files, bytes, mtime, change }) => {
    const dated = backups.flatMap((name) => known.get(name) ?? []);
    const times = { to: dated[0]?.at ?? Number.NaN, from: dated.at(-1)?.at ?? Number.NaN };
    if (entries === 0) return { ...times, status: 'gone', held: 'not there', change: 'removed' };
    const best = bestOf(dated);
    const size = formatSize(bytes);
    return {
      ...times,
      ...(best && { backup: best.entry.filename }),
      status: best?.entry.status ?? 'corrupt',
      held: mtime
        ? `${size}, changed ${formatMinute(Date.parse(mtime), timezone)}`
        : `${formatCount(files, 'file')}, ${size}`,
      change: change ? changeText(change, kind) : '',
    };
  });
}

/** The newest good one; else the newest that is not known to be damaged. */
const bestOf = (dated: readonly Dated[]): Dated | undefined =>
  dated.find(({ entry }) => entry.status === 'good') ?? dated.find(({ entry }) => entry.status !== 'corrupt');

function changeText({ added, changed, removed }: StateChange, kind: StatesOutcome['kind']): string {
  if (kind === 'file') return added > 0 ? 'new' : 'changed';
  const parts = [
    added > 0 && `${added} added`,
    changed > 0 && `${changed} changed`,
    removed > 0 && `${removed} removed`,
  ].filter(Boolean);
  return parts.join(', ');
}

/** Of everything: one a backup, as its record tells. Copies in other tiers are the same archive. */
export function momentsOfAll({ all, now }: When): Moment[] {
  const past = all.filter(({ at }) => !Number.isNaN(at) && !isFutureTime(at, now));
  return joinTwins(past).map(({ dated: { entry, at } }) => ({
    ...{ to: at, from: at, status: entry.status },
    ...(entry.status !== 'corrupt' && { backup: entry.filename }),
    held: [
      entry.files === undefined ? '' : formatCount(entry.files, 'file'),
      formatSize(entry.source_bytes ?? entry.size_bytes),
    ]
      .filter(Boolean)
      .join(', '),
    change:
      entry.reused_bytes === undefined
        ? ''
        : `${formatSize(Math.max(0, entry.size_bytes - entry.reused_bytes))} of new data`,
  }));
}
