import {
  BackupError,
  type BackupOutcome,
  type BackupRequest,
  type CatalogueEntry,
  type OperationContext,
} from '@gofr-backup/model';
import { promotionsFor } from '../retention/index.ts';
import { archiveStep } from './archive-step.ts';
import { underLock } from './context.ts';
import { markRun, rememberFailure } from './last-run.ts';
import { prune } from './prune.ts';
import { verifyBackup } from './verify/index.ts';

/**
 * Archive, verify, promote; and prune, unless it is a safety backup. Throws the first failure; the steps are exported
 * for a queue that persists which of them are done, and each may be run twice.
 */
export function backup(ctx: OperationContext, request: BackupRequest): Promise<BackupOutcome> {
  return underLock(ctx, 'backup', async (_repository, inner) => {
    const { filename } = await archiveStep(inner, request);
    const verified = await verifyStep(inner, filename);
    const promoted = await promoteStep(inner, filename);
    if (request.trigger === 'pre-restore') return { backup: verified, promoted };
    return { backup: verified, promoted, pruned: await prune(inner, { dryRun: false }) };
  });
}

/** Step 2. Reads the new archive back (when the plan says so); ARCHIVE_DAMAGED when it is not what was written. */
export function verifyStep(ctx: OperationContext, filename: string): Promise<CatalogueEntry> {
  return underLock(ctx, 'backup', async (repository, inner) => {
    const entry = await repository.find(filename);
    if (!inner.plan.verifyAfterBackup || entry.status === 'good') return entry;
    return rememberFailure(repository, inner, async () => {
      const began = inner.clock.monotonic();
      const result = await verifyBackup(inner, repository, entry);
      if (!result.ok) throw damaged(filename, result.problems);
      return repository.update(filename, { verify_ms: Math.round(inner.clock.monotonic() - began) });
    });
  });
}

/** Step 3. Copies into the weekly and monthly tiers, when it is the first good one there; the run is then done. */
export function promoteStep(ctx: OperationContext, filename: string): Promise<CatalogueEntry[]> {
  return underLock(ctx, 'backup', async (repository, inner) => {
    const catalogue = await repository.catalogue();
    const entry = await repository.find(filename);
    const promoted: CatalogueEntry[] = [];
    for (const tier of promotionsFor(entry, catalogue, inner.plan.retention, inner.clock.now())) {
      promoted.push(await repository.promote(entry, tier));
      inner.logger.info({ backup: filename, tier }, 'promoted');
    }
    await repository.save();
    await markRun(repository, inner, { state: 'done' });
    return promoted;
  });
}

const damaged = (filename: string, problems: string[]): BackupError =>
  new BackupError('ARCHIVE_DAMAGED', `${filename} failed verification: its contents have changed on disk`, {
    why: problems.slice(0, 5).join('; '),
    hint: 'Check the disk and the memory of this host. Every older backup was kept.',
    details: { backup: filename, problems },
  });
