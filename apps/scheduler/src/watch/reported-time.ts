import { formatTime } from '@gofr-backup/model';

/** A time of a report, ISO 8601, as a person has it; undefined: there is none, or it is no time. */
export function reportedTime(iso: string | undefined, timezone: string): string | undefined {
  const at = Date.parse(iso ?? '');
  return Number.isNaN(at) ? undefined : `${formatTime(at, timezone)} ${timezone}`;
}
