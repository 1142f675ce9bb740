/** What a verify found lost in a damaged backup, kept with its record until it is found whole. */
import type { ArchiveProblem, ArchiveReader } from '@gofr-backup/archive';
import {
  type CatalogueEntry,
  DAMAGED,
  formatCount,
  formatNumber,
  MOST_TEXT,
  type OperationContext,
  type Warning,
} from '@gofr-backup/model';

/** The most files that a record names. */
const MOST_NAMED = 200;

/** Every file that does not prove right; undefined where only an index could tell. The reader then has only the others. */
export async function lostFiles(
  ctx: OperationContext,
  reader: ArchiveReader,
): Promise<readonly ArchiveProblem[] | undefined> {
  if (!reader.indexed) return undefined;
  try {
    return await reader.salvage(ctx);
  } catch {
    ctx.signal.throwIfAborted();
    return undefined;
  }
}

/** The warnings of a record, after damage was found; as they were where nothing tells which files it hit. */
export function damageWarnings(
  entry: CatalogueEntry,
  lost: readonly ArchiveProblem[] | undefined,
): Warning[] {
  if (lost === undefined) return entry.warnings ?? [];
  const others = withoutDamage(entry);
  const { files = lost.length } = entry;
  const readable = `${formatNumber(files - lost.length)} of ${formatCount(files, 'file')} can be read`;
  const named = lost.slice(0, MOST_NAMED).map(({ path, message }) => ({
    code: DAMAGED,
    ...(path !== undefined && { path: path.slice(0, MOST_TEXT) }),
    message: message.slice(0, MOST_TEXT),
  }));
  return [...others, { code: DAMAGED, message: readable }, ...named];
}

export const withoutDamage = ({ warnings = [] }: CatalogueEntry): Warning[] =>
  warnings.filter(({ code }) => code !== DAMAGED);
