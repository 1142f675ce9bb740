/** Size, duration and newly written bytes over time, as columns for a chart. */
import { isFutureTime } from '@gofr-backup/model';
import type { Dated } from '@gofr-backup/core';

/** A chart of more points than pixels shows nothing more. */
const MOST_POINTS = 400;

export interface History {
  /** seconds since the epoch, rising */
  at: number[];
  /** archive bytes */
  size: number[];
  /** seconds */
  duration: (number | null)[];
  /** bytes compressed anew; null when unknown */
  written: (number | null)[];
}

/** Daily backups, or whatever there is when none are; incomplete and corrupt ones would only bend the curves. */
export function history(all: readonly Dated[], now: number): History {
  const past = all.filter(
    ({ at, entry }) => !isFutureTime(at, now) && entry.status !== 'corrupt' && entry.status !== 'incomplete',
  );
  const daily = past.filter(({ entry }) => entry.tier === 'daily');
  const rows = thin((daily.length > 0 ? daily : past).toSorted((a, b) => a.at - b.at));
  return {
    at: rows.map(({ at }) => Math.round(at / 1000)),
    size: rows.map(({ entry }) => entry.size_bytes),
    duration: rows.map(({ entry }) => (entry.duration_ms === undefined ? null : entry.duration_ms / 1000)),
    written: rows.map(({ entry }) =>
      entry.reused_bytes === undefined ? null : Math.max(0, entry.size_bytes - entry.reused_bytes),
    ),
  };
}

/** Evenly spaced rows, the last always among them. */
function thin(rows: readonly Dated[]): readonly Dated[] {
  if (rows.length <= MOST_POINTS) return rows;
  const step = (rows.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, i) => rows[Math.round(i * step)]!);
}
