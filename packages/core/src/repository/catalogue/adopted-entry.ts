/**
 * The entry of a backup whose record this installation has not signed: one of the first generation, of a version that
 * signed nothing, of another installation, or forged. Its dates come from the name of the file. What it claims may lower it (pinned,
 * incomplete, corrupt), or only tells; it counts for nothing else until the archive is verified.
 */
import type { CatalogueEntry, Status } from '@gofr-backup/model';

/** What retention, reuse and a run taken up again do not decide by, and what a verify finds out anew. */
const TELLING = [
  'sha256',
  'compression_level',
  'trigger',
  'components',
  'files',
  'source_bytes',
  'reused_bytes',
  'duration_ms',
  'verify_ms',
  'warnings',
] as const satisfies (keyof CatalogueEntry)[];

/** `file`: what name and file say. `claims`: the records there are, the more telling first. */
export function adoptedEntry(file: CatalogueEntry, claims: readonly CatalogueEntry[]): CatalogueEntry {
  const told = TELLING.flatMap((field) => {
    const value = claims.find((claim) => claim[field] !== undefined)?.[field];
    return value === undefined ? [] : [[field, value]];
  });
  return {
    ...file,
    ...(Object.fromEntries(told) as Partial<CatalogueEntry>),
    status: lowest(claims.map(({ status }) => status)),
    ...(claims.some(({ pinned }) => pinned) ? { pinned: true } : {}),
    adopted: true,
  };
}

const LOWERING = ['incomplete', 'corrupt'] as const satisfies Status[];
const lowest = (claimed: Status[]): Status =>
  LOWERING.find((status) => claimed.includes(status)) ?? 'unverified';
