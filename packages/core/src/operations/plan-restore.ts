/** From a request to the plan of a restore, and to one whose archive is proved. */
import { type ArchiveProblem, type ArchiveReader, openArchive } from '@gofr-backup/archive';
import {
  BackupError,
  type CatalogueEntry,
  type OperationContext,
  type RestoreRequest,
} from '@gofr-backup/model';
import type { ArrivingArchive } from '../offsite/index.ts';
import { planRestore, type RestorePlan } from '../recovery/index.ts';
import { type Repository, withheldDirectories } from '../repository/index.ts';
import { archiveOptions } from './archive-options.ts';
import { verifyBackup } from './verify/index.ts';

export const planFor = (
  { plan }: OperationContext,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
): Promise<RestorePlan> => planRestore(plan, request, entry, reader, withheldDirectories(plan.backupDir));

/**
 * What is wrong with the request is known before the long work. Without an index the archive is read first, which makes
 * one: every look at the entries would decode all of it. A plan made by an index that lied is made again. An archive that is
 * still coming is proved when it is there.
 */
export async function provedPlan(
  ctx: OperationContext,
  request: RestoreRequest,
  repository: Repository,
  entry: CatalogueEntry,
  { reader, arriving }: { reader: ArchiveReader; arriving?: ArrivingArchive | undefined },
): Promise<RestorePlan> {
  if (arriving && reader.indexed) return planFor(ctx, request, entry, reader);
  using open = new DisposableStack();
  const early = reader.indexed ? open.use(await planFor(ctx, request, entry, reader)) : undefined;
  const { indexProblem } = await verifyInFull(ctx, repository, entry, reader);
  if (early === undefined || indexProblem !== undefined) return planFor(ctx, request, entry, reader);
  open.move();
  return early;
}

/**
 * What is found damaged while it comes: the whole of it tells what is damaged there. When that is right its index is wrong, and
 * the work is done again with an archive that is here.
 */
export async function whileArriving<T>(
  arriving: ArrivingArchive | undefined,
  work: (arriving?: ArrivingArchive) => Promise<T>,
): Promise<T> {
  try {
    return await work(arriving);
  } catch (error) {
    if (!arriving || !(error instanceof BackupError) || error.code !== 'ARCHIVE_DAMAGED') throw error;
    await arriving.whole();
    return work();
  }
}

/** From now on the reader has only the files that prove right; answers the others. Never over present data: USAGE. */
export function salvage(
  ctx: OperationContext,
  request: RestoreRequest,
  reader: ArchiveReader,
): Promise<readonly ArchiveProblem[]> {
  if (request.to !== undefined) return reader.salvage(ctx);
  throw new BackupError('USAGE', 'A salvage goes into a directory of its own', {
    why: 'a damaged backup lacks files, so it never takes the place of data',
    hint: 'Name a new directory: gofr-backup restore NAME --salvage --to DIR.',
  });
}

/** Verifies the backup in full, and marks it corrupt when it is damaged. */
async function verifyInFull(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  reader: ArchiveReader,
): Promise<{ indexProblem?: string }> {
  const { ok, problems, ...found } = await verifyBackup(ctx, repository, entry, reader);
  if (ok) return found;
  throw new BackupError('ARCHIVE_DAMAGED', `${entry.filename} is damaged; nothing was changed`, {
    why: problems.slice(0, 3).join('; '),
    hint: `Use another backup, or take what is right of it into a new directory: gofr-backup restore ${entry.filename} --salvage --to DIR.`,
  });
}

export async function withReader<T>(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  work: (reader: ArchiveReader) => Promise<T>,
  {
    salvage: asIndexed = false,
    arriving,
  }: Pick<RestoreRequest, 'salvage'> & { arriving?: ArrivingArchive | undefined } = {},
): Promise<T> {
  const options = archiveOptions(ctx, repository, entry);
  const reader = await openArchive({ ...options, asIndexed, arrival: arriving });
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}
