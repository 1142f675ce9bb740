import { BackupError, type CatalogueEntry, formatSize, type OperationContext } from '@gofr-backup/model';
import { freeSpace, type Repository } from '../repository/index.ts';
import { giveUpTrash, pruneForSpace } from './prune.ts';

/**
 * Makes sure that there is room for an archive as large as the last and for MIN_FREE. When there is not, and
 * `mayPrune`, it first prunes what the policy no longer keeps. Throws DISK_FULL before anything is written.
 */
export async function ensureSpace(
  ctx: OperationContext,
  repository: Repository,
  last: CatalogueEntry | undefined,
  mayPrune: boolean,
): Promise<void> {
  const needed = (last?.size_bytes ?? 0) + ctx.plan.minFree;
  if ((await freeSpace(repository.backupDir)) >= needed) return;
  if (mayPrune) {
    ctx.logger.warn({ needed }, 'little space left: pruning before the backup');
    await pruneForSpace(ctx);
  }
  if (mayPrune) await giveUpTrash(ctx, repository, needed);
  const free = await freeSpace(repository.backupDir);
  if (free >= needed) return;
  const trashed = (await repository.trashed()).reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  throw new BackupError('DISK_FULL', `There is not enough space in ${repository.backupDir}`, {
    why:
      `${formatSize(free)} are free; the last backup took ${formatSize(last?.size_bytes ?? 0)}` +
      `, MIN_FREE keeps ${formatSize(ctx.plan.minFree)}` +
      (trashed > 0 ? `, and ${formatSize(trashed)} lie in the trash until TRASH_DAYS are over` : ''),
    details: { free, needed, trashed },
  });
}
