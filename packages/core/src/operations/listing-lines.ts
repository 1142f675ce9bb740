import {
  type Catalogue,
  type CatalogueEntry,
  DAY,
  formatTimestamp,
  madeAt,
  type Tier,
  TIERS,
} from '@gofr-backup/model';
import { newestOf, totalSize } from './list.ts';

const RULE = '-'.repeat(80);
const MEGABYTE = 1_048_576;

/** The contract's listing. `entries` newest first; `now`: milliseconds since the epoch. */
export function listingLines(entries: Catalogue, now: number, timezone: string): string[] {
  const [newest, oldest] = [newestOf(entries, now), entries.at(-1)];
  if (newest === undefined || oldest === undefined) return ['No backups found'];
  const lines = TIERS.flatMap((tier) => renderTier(tier, entries, now, timezone));
  lines.push('SUMMARY:', RULE);
  lines.push(`Total Backups: ${entries.length}`, `Total Size: ${megabytes(totalSize(entries))}`);
  lines.push(`Oldest: ${oldest.timestamp}`, `Newest: ${newest.timestamp}`);
  return lines;
}

function renderTier(tier: Tier, entries: Catalogue, now: number, timezone: string): string[] {
  const ofTier = entries.filter((entry) => entry.tier === tier);
  if (ofTier.length === 0) return [];
  const head = [`${tier.toUpperCase()} BACKUPS (${ofTier.length}):`, RULE];
  return [...head, ...ofTier.flatMap((entry) => [...renderEntry(entry, now, timezone), ''])];
}

function renderEntry(entry: CatalogueEntry, now: number, timezone: string): string[] {
  const age = Math.max(0, Math.floor((now - madeAt(entry, timezone)) / DAY));
  return [
    `  ${entry.filename}`,
    `    Size: ${megabytes(entry.size_bytes)} | Age: ${age} days | Verified: ${entry.verified ? '✓' : '✗'}`,
    `    Created: ${formatTimestamp(entry.timestamp)}`,
  ];
}

/** The contract's: always in MB. */
const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(2)} MB`;
