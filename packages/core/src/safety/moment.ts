/** When a backup was made, as an instant. */
import type { CatalogueEntry } from '@gofr-backup/model';

/** Milliseconds since the epoch; NaN when neither field can be read. */
export function madeAt(entry: CatalogueEntry, timezone: string): number {
  if (entry.created_at !== undefined) return Date.parse(entry.created_at);
  return instantOf(entry.timestamp, entry.timezone ?? timezone);
}

/** A local time without an offset (`2025-12-13T02:00:00`) in `timezone`; of a repeated hour the first. */
function instantOf(local: string, timezone: string): number {
  const asUtc = Date.parse(`${local.slice(0, 19)}Z`);
  if (Number.isNaN(asUtc)) return Number.NaN;
  const guess = asUtc - offsetAt(asUtc, timezone);
  return asUtc - offsetAt(guess, timezone);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function offsetAt(at: number, timezone: string): number {
  let formatter = formatters.get(timezone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    formatters.set(timezone, formatter);
  }
  const wall = Date.parse(`${formatter.format(at).replace(' ', 'T')}Z`);
  return wall - Math.floor(at / 1000) * 1000;
}
