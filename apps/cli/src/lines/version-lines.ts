/** Versions of a file, as `find` and `history` print them. */
import { formatCount, formatSize, formatTime } from '@gofr-backup/model';

export interface ShownVersion {
  size: number;
  /** ISO 8601 */
  mtime: string;
  sha256: string | null;
  /** oldest and newest backup in a row that hold it */
  first: string;
  last: string;
  backups: number;
}

const DIGITS = 12;

export function versionLines(
  { size, mtime, sha256, first, last, backups }: ShownVersion,
  timezone: string,
): string[] {
  const facts = [formatTime(Date.parse(mtime), timezone), formatSize(size), sha256?.slice(0, DIGITS) ?? ''];
  const where = backups === 1 ? last : `${formatCount(backups, 'backup')}, from ${first} to ${last}`;
  return [`    ${facts.join('  ').trimEnd()}`, `        in ${where}`];
}
