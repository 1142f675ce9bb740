/** How the archive of a backup is opened: beside its index, which may be lost. */
import type { OpenArchiveOptions } from '@gofr-backup/archive';
import type { CatalogueEntry, OperationContext } from '@gofr-backup/model';
import type { Repository } from '../repository/index.ts';

export function archiveOptions(
  { clock, logger, progress, signal, plan }: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
): OpenArchiveOptions & { indexPath: string } {
  return {
    ...{ clock, logger, progress, signal },
    archivePath: repository.pathOf(entry),
    indexPath: repository.indexPathOf(entry),
    threads: plan.threads,
    engine: plan.codec.engine,
  };
}
