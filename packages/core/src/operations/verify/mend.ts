/** What lies beside an intact archive is made whole again: its checksum, its index. */
import { type IndexPlace, isOfOtherVersion, rebuildIndex, type VerifyReport } from '@gofr-backup/archive';
import type { CatalogueEntry, OperationContext } from '@gofr-backup/model';
import {
  type Checksum,
  exists,
  formatChecksum,
  heldLock,
  readChecksum,
  type Repository,
  writeAtomically,
} from '../../repository/index.ts';
import { archiveOptions } from '../archive-options.ts';
import { expectedSha256 } from '../expected-sha256.ts';

/** Where the index of this name may be made anew on the way, should it be lost or wrong; undefined: nowhere. */
export async function placeForIndex(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
): Promise<IndexPlace | undefined> {
  const path = repository.indexPathOf(entry);
  if (heldLock(repository)?.readOnly) return undefined;
  if (entry.source_bytes === undefined && !(await exists(path))) return undefined;
  if (await isOfOtherVersion(path)) {
    const told = 'the index was made by another version of this program: left as it is, and not used';
    ctx.logger.warn({ backup: entry.filename }, told);
    return undefined;
  }
  const checksum = await readChecksum(repository.checksumPathOf(entry), entry.filename);
  if (checksum.kind === 'unreadable') return undefined;
  const sha256 = await expectedSha256(repository, entry);
  return { path, ...(sha256 !== undefined && { sha256 }) };
}

export function tellUnmended(
  { logger, signal }: OperationContext,
  backup: string,
  error: unknown,
): undefined {
  signal.throwIfAborted();
  logger.warn({ backup, err: error }, 'what lies beside the archive could not be mended');
}

export const tellNewIndex = ({ logger }: OperationContext, backup: string, why: string): void =>
  logger.warn({ backup, why }, 'the index does not fit its archive; written anew');

/** Repairs the sidecars of an intact archive: a lost checksum, an index that does not describe it. */
export async function mend(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  checksum: Checksum,
  report: { filename: string } & VerifyReport,
): Promise<void> {
  const { filename, sha256 } = entry;
  if (heldLock(repository)?.readOnly) return;
  if (checksum.kind === 'missing')
    await writeAtomically(repository.checksumPathOf(entry), formatChecksum(report.sha256, filename));
  if (checksum.kind === 'hash' && sha256 !== undefined && sha256 !== report.sha256)
    ctx.logger.warn({ backup: filename, manifest: sha256 }, 'the manifest had a wrong checksum; corrected');
  if (filename !== report.filename) await mendIndex(ctx, repository, entry, report.indexProblem);
}

/** Of another name of the bytes that were read: its index is a file of its own. */
async function mendIndex(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  problem: string | undefined,
): Promise<void> {
  const why = problem ?? ((await lostIndex(repository, entry)) ? 'it is missing' : undefined);
  if (why === undefined) return;
  if ((await placeForIndex(ctx, repository, entry)) === undefined) return;
  tellNewIndex(ctx, entry.filename, why);
  await rebuildIndex(archiveOptions(ctx, repository, entry));
}

/**
 * Whether an index was lost. Only an archive in frames gains from an index; archives of the first generation never
 * had one.
 */
const lostIndex = async (repository: Repository, entry: CatalogueEntry): Promise<boolean> =>
  entry.source_bytes !== undefined && !(await exists(repository.indexPathOf(entry)));
