import type { ArchiveEntry } from '../archive/types.ts';
import type { Catalogue, CatalogueEntry, Tier } from '../catalogue.ts';
import type { OperationContext } from './types.ts';

export interface ListOutcome {
  project: string;
  backups: CatalogueEntry[];
  /** `oldest` and `newest` are `timestamp`s; null when there is none */
  summary: {
    total: number;
    size_bytes: number;
    disk_bytes: number;
    oldest: string | null;
    newest: string | null;
  };
}

/** Newest first. Takes no lock. */
export function list(_ctx: OperationContext, _request: { tier?: Tier } = {}): Promise<ListOutcome> {
  throw new Error('not yet');
}
/** The contract's listing, with a newline at the end. `now`: milliseconds since the epoch. */
export function renderListing(_entries: Catalogue, _now: number, _timezone: string): string {
  throw new Error('not yet');
}
/** One backup's record, by name or `latest`. */
export function show(_ctx: OperationContext, _name: string): Promise<CatalogueEntry> {
  throw new Error('not yet');
}
/** What is in a backup, all or at and below `path` (display form). */
export function files(_ctx: OperationContext, _name: string, _path?: string): AsyncIterable<ArchiveEntry> {
  throw new Error('not yet');
}
/** The content of one file of a backup. */
export function cat(_ctx: OperationContext, _name: string, _path: string): AsyncIterable<Buffer> {
  throw new Error('not yet');
}
