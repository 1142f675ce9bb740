/** How archives grow: the size of each daily backup, and how much of it was new. */
import { DAY, formatDate, formatDuration, formatSize, isFutureTime } from '@gofr-backup/model';
import type { Dated } from '@gofr-backup/core';
import type { Range } from './timeline.ts';

export interface Growth {
  /** oldest first */
  points: Point[];
  /** bytes at the top of the chart, a round number */
  top: number;
  range: Range;
}

export interface Point {
  /** 0 to 1, from the left */
  place: number;
  size: number;
  /** bytes that the backup before did not have; undefined: not known */
  written: number | undefined;
  label: string;
}

/** Daily backups, or whatever there is when none are; incomplete and corrupt ones would only bend the curve. */
export function growth(all: readonly Dated[], now: number, timezone: string, range: Range): Growth {
  const from = now - range * DAY;
  const past = all.filter(
    ({ at, entry }) =>
      at >= from && !isFutureTime(at, now) && entry.status !== 'corrupt' && entry.status !== 'incomplete',
  );
  const daily = past.filter(({ entry }) => entry.tier === 'daily');
  const rows = thin((daily.length > 0 ? daily : past).toSorted((a, b) => a.at - b.at));
  const points = rows.map(({ entry, at }) => {
    const { size_bytes: size, reused_bytes: reused, duration_ms: took } = entry;
    const written = reused === undefined ? undefined : Math.max(0, size - reused);
    const facts = [
      formatSize(size),
      written === undefined ? '' : `${formatSize(written)} new`,
      took === undefined ? '' : `in ${formatDuration(took)}`,
    ].filter(Boolean);
    const label = `${formatDate(at, timezone)}: ${facts.join(', ')}`;
    return { place: (at - from) / (range * DAY), size, written, label };
  });
  return { points, range, top: roundUp(Math.max(0, ...points.map(({ size }) => size))) };
}

/** A chart of more points than pixels shows nothing more. */
const MOST_POINTS = 400;

/** Evenly spaced rows, the last always among them. */
function thin(rows: readonly Dated[]): readonly Dated[] {
  if (rows.length <= MOST_POINTS) return rows;
  const step = (rows.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, i) => rows[Math.round(i * step)]!);
}

/** To four equal steps of 1, 2, 5, 10, … of the unit that sizes are told in. */
function roundUp(bytes: number): number {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const step = bytes / unit / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(step, 1e-9)));
  const round = [1, 2, 2.5, 5, 10].find((one) => one * power >= step) ?? 10;
  return round * power * 4 * unit;
}
