/**
 * Names of archives: `<prefix>_<tier>_<YYYYmmdd_HHMMSS>[_<n>].tar[.gz|.bz2|.xz|.zst]`, in local time. The form is the
 * first-generation service's; `_<n>` (from 2) tells apart two of one second, as in the repeated hour of a clock change.
 */
import { DateTime } from 'luxon';
import { EXTENSIONS } from '@gofr-backup/archive';
import { type Compression, COMPRESSIONS, type Tier } from '@gofr-backup/model';

const NAME =
  /^([^/\p{Cc}]+)_(daily|weekly|monthly)_(\d{8})_(\d{6})(?:_([1-9]\d{0,5}))?(\.tar(?:\.(?:gz|bz2|xz|zst))?)$/u;

export interface ArchiveName {
  prefix: string;
  tier: Tier;
  /** ISO 8601 local time, no offset */
  timestamp: string;
  /** 1 for a name without `_<n>` */
  nth: number;
  compression: Compression;
}

/** The prefix alone, quicker than `parseName`; undefined: not an archive's name. */
export const prefixOf = (filename: string): string | undefined => NAME.exec(filename)?.[1];

/** undefined: not an archive's name, so the file is left alone. */
export function parseName(filename: string): ArchiveName | undefined {
  const [, prefix, tier, date = '', time = '', nth, extension] = NAME.exec(filename) ?? [];
  if (prefix === undefined) return undefined;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const timestamp = `${day}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}`;
  if (!isCalendarTime(timestamp)) return undefined;
  return {
    prefix,
    tier: tier as Tier,
    timestamp,
    nth: Number(nth ?? 1),
    compression: COMPRESSIONS.find((name) => EXTENSIONS[name] === extension) ?? 'none',
  };
}

export function formatName(name: ArchiveName): string {
  const stamp = name.timestamp.replaceAll(/[-:]/g, '').replace('T', '_');
  const nth = name.nth > 1 ? `_${name.nth}` : '';
  return `${name.prefix}_${name.tier}_${stamp}${nth}${EXTENSIONS[name.compression]}`;
}

/** The same name with any extension: what must be free for a new archive of this stem. */
export const sameStem = (name: ArchiveName): string[] =>
  COMPRESSIONS.map((compression) => formatName({ ...name, compression }));

/** `at`: milliseconds since the epoch. */
export const timestampAt = (at: number, timezone: string): string =>
  formatTimestamp(DateTime.fromMillis(at, { zone: timezone }));

/**
 * Milliseconds since the epoch of a local time. A time of the repeated hour is two instants: the one nearer to
 * `writtenAt` (the file's mtime) is meant, the first when that is not known.
 */
export function instantOf(timestamp: string, timezone: string, writtenAt?: number): number {
  const first = DateTime.fromISO(timestamp, { zone: timezone });
  if (!first.isValid) return DateTime.fromISO(timestamp, { zone: 'utc' }).toMillis();
  const candidates = first.getPossibleOffsets().map((local) => local.toMillis());
  const distance = (at: number) => (writtenAt === undefined ? at : Math.abs(writtenAt - at));
  return candidates.reduce((best, at) => (distance(at) < distance(best) ? at : best));
}

/** Empty for what is no time. */
export function isoUtc(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/**
 * Whether the text is a time of the calendar. It works without luxon, because a scan of ten thousand backups asks it
 * for every name. A date that does not exist comes out as another date.
 */
const isCalendarTime = (timestamp: string): boolean =>
  isoUtc(Date.parse(`${timestamp}Z`)) === `${timestamp}.000Z`;

const formatTimestamp = (local: DateTime): string => local.toFormat("yyyy-MM-dd'T'HH:mm:ss");
