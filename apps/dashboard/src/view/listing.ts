/** The table of backups: filtered, then one page of it. */
import { STATUSES, type Tier, TIERS } from '@gofr-backup/model';
import type { Dated } from '@gofr-backup/core';

export const PAGE_SIZE = 50;

export interface Filter {
  tier?: Tier;
  status?: string;
  /** part of the file name or date, case ignored */
  text?: string;
}

export interface Page<T> {
  rows: readonly T[];
  total: number;
  /** from 1 */
  page: number;
  pages: number;
}

export function filterFrom(query: Record<string, string | undefined>): Filter {
  const tier = TIERS.find((one) => one === query['tier']);
  const text = query['q']?.trim().slice(0, 100);
  const status = STATUSES.find((one) => one === query['status']);
  return { ...(tier && { tier }), ...(status && { status }), ...(text && { text }) };
}

export function matching(all: readonly Dated[], { tier, status, text }: Filter): readonly Dated[] {
  if (!tier && !status && !text) return all;
  const wanted = text?.toLowerCase();
  return all.filter(
    ({ entry }) =>
      (!tier || entry.tier === tier) &&
      (!status || entry.status === status) &&
      (!wanted || entry.filename.toLowerCase().includes(wanted) || entry.timestamp.includes(wanted)),
  );
}

/** A backup and the copies of it in other tiers, which are names of the same archive. */
export interface Row {
  dated: Dated;
  twins: readonly Dated[];
}

interface OpenRow {
  dated: Dated;
  twins: Dated[];
}

const tierOf = ({ entry }: Dated): number => TIERS.indexOf(entry.tier);

function addTwin(row: OpenRow, dated: Dated): void {
  row.twins.push(dated);
  if (tierOf(dated) >= tierOf(row.dated)) return;
  row.twins.splice(-1, 1, row.dated);
  row.dated = dated;
}

/** Newest first, as they were given; the daily name of an archive stands for it. */
export function joinTwins(all: readonly Dated[]): Row[] {
  const rows: OpenRow[] = [];
  const known = new Map<string, OpenRow>();
  for (const dated of all) {
    const { sha256, timestamp } = dated.entry;
    const key = sha256 === undefined ? undefined : `${sha256} ${timestamp}`;
    const row = key === undefined ? undefined : known.get(key);
    if (row) addTwin(row, dated);
    else {
      const fresh = { dated, twins: [] };
      rows.push(fresh);
      if (key !== undefined) known.set(key, fresh);
    }
  }
  return rows;
}

/** The rows of one page; a number beyond the last page means the last page. */
export function pageOf<T>(rows: readonly T[], asked: number, size = PAGE_SIZE): Page<T> {
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const page = Math.min(Math.max(1, Number.isSafeInteger(asked) ? asked : 1), pages);
  return { rows: rows.slice((page - 1) * size, page * size), total: rows.length, page, pages };
}
