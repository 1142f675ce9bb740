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

/** Equal for the names of one archive; undefined: not known. A linked backup has the same bytes, and a time of its own. */
const archiveOf = ({ entry: { sha256, timestamp } }: Dated): string | undefined =>
  sha256 === undefined ? undefined : `${sha256} ${timestamp}`;

export const isTwin = (dated: Dated, other: Dated): boolean =>
  archiveOf(dated) !== undefined && archiveOf(dated) === archiveOf(other);

const tierOf = ({ entry }: Dated): number => TIERS.indexOf(entry.tier);

/** Newest first, as they were given; the daily name of an archive stands for it. */
export function joinTwins(all: readonly Dated[]): Row[] {
  const archives = Map.groupBy(all, (dated): unknown => archiveOf(dated) ?? dated);
  return [...archives.values()].map((names) => {
    const [dated, ...twins] = names.toSorted((a, b) => tierOf(a) - tierOf(b));
    return { dated: dated!, twins };
  });
}

/** The rows of one page; a number beyond the last page means the last page. */
export function pageOf<T>(rows: readonly T[], asked: number, size = PAGE_SIZE): Page<T> {
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const page = Math.min(Math.max(1, Number.isSafeInteger(asked) ? asked : 1), pages);
  return { rows: rows.slice((page - 1) * size, page * size), total: rows.length, page, pages };
}
