import type { trashed } from '@gofr-backup/core';
import { formatSize, formatTime } from '@gofr-backup/model';
import { columns } from '../columns.ts';

export type Trash = Awaited<ReturnType<typeof trashed>>;

/** What lies in the trash, as `list --trash` and `undelete` print it. */
export function trashLines(trash: Trash, timezone: string): string[] {
  if (trash.length === 0) return ['The trash is empty'];
  const time = (iso: string): string => formatTime(Date.parse(iso), timezone);
  const rows = trash.map(({ filename, size_bytes, trashed_at, goes_at }) => [
    ...[filename, formatSize(size_bytes), time(trashed_at), time(goes_at)],
  ]);
  return columns([['BACKUP', 'SIZE', 'PRUNED AT', 'GONE AFTER'], ...rows]);
}
