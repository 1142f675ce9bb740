/** When the backup disk will be full, from how fast the backups on it grow. */
import { DAY } from '@gofr-backup/model';
import type { Dated } from './survey.ts';

export interface Disk {
  /** bytes */
  total: number;
  free: number;
}

export interface Forecast {
  usedShare: number;
  /** bytes per day, over the last weeks; undefined with less than three days to judge by */
  growth?: number;
  /** undefined when it does not grow */
  daysLeft?: number;
}

const WINDOW = 28 * DAY;

/**
 * Until retention is reached every archive adds its size; from then on pruning keeps pace and only archives that
 * get bigger fill the disk. Weekly and monthly copies are links to daily archives and count for nothing.
 */
export function forecast(disk: Disk, all: readonly Dated[], now: number, retentionDays: number): Forecast {
  const usedShare = disk.total > 0 ? 1 - disk.free / disk.total : 0;
  const own = all.filter(({ entry, at }) => entry.tier === 'daily' && at <= now);
  const recent = own.filter(({ at }) => at > now - WINDOW);
  const oldest = own.reduce((least, { at }) => Math.min(least, at), now);
  const span = Math.min(WINDOW, now - oldest);
  if (span < 3 * DAY || recent.length < 3) return { usedShare };
  const written = recent.reduce((sum, { entry }) => sum + entry.size_bytes, 0) / (span / DAY);
  const growth = now - oldest >= retentionDays * DAY ? sizeTrend(recent) * recent.length : written;
  if (growth <= 0) return { usedShare, growth };
  return { usedShare, growth, daysLeft: disk.free / growth };
}

/** Once pruning keeps pace, only bigger archives fill the disk: mean growth of one archive, bytes per day. */
function sizeTrend(recent: readonly Dated[]): number {
  const points = recent.map(({ entry, at }) => ({ x: at / DAY, y: entry.size_bytes }));
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}
