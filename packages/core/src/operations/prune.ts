import {
  DAY,
  type Catalogue,
  type CatalogueEntry,
  type OperationContext,
  type PruneOutcome,
  type PruneRequest,
  type RetentionPolicy,
} from '@gofr-backup/model';
import { freeSpace, isoUtc, type Repository, type TrashedBackup } from '../repository/index.ts';
import { anomalyHold, planPrune } from '../retention/index.ts';
import { repositoryOf, underLock } from './context.ts';
import { readLastRun } from './last-run.ts';
import type { LastRunPlace } from './last-run.ts';

/** Retention now. A dry run takes no lock and changes nothing. */
export async function prune(ctx: OperationContext, request: PruneRequest): Promise<PruneOutcome> {
  if (request.dryRun) return decide(ctx, await repositoryOf(ctx), request);
  return underLock(ctx, 'prune', async (repository, inner) => {
    const outcome = await decide(inner, repository, request);
    await apply(inner, repository, outcome);
    return outcome;
  });
}

/**
 * Prunes before a backup that would not fit. A failed last run does not prevent it, because it may have failed for
 * want of space.
 */
export async function pruneForSpace(ctx: OperationContext): Promise<PruneOutcome> {
  return underLock(ctx, 'prune', async (repository, inner) => {
    const outcome = await decide(inner, repository, { dryRun: false }, { afterFailure: true });
    await apply(inner, repository, outcome);
    return outcome;
  });
}

/** The backups that `undelete` can bring back, newest first; `goes_at`: the first prune after it deletes it. Takes no lock. */
export async function trashed(ctx: OperationContext): Promise<(TrashedBackup & { goes_at: string })[]> {
  const found = await (await repositoryOf(ctx)).trashed();
  const kept = ctx.plan.trashDays * DAY;
  return found.map((backup) => ({ ...backup, goes_at: isoUtc(Date.parse(backup.trashed_at) + kept) }));
}

/** Brings a pruned backup back from the trash, pinned; NO_SUCH_BACKUP. */
export function undelete(ctx: OperationContext, filename: string): Promise<CatalogueEntry> {
  return underLock(ctx, 'undelete', (repository) => repository.undelete(filename));
}

/** Keeps a backup whatever retention says; NO_SUCH_BACKUP. */
export function pin(ctx: OperationContext, filename: string): Promise<CatalogueEntry> {
  return underLock(ctx, 'pin', (repository) => repository.pin(filename));
}

/** Lets retention decide about a backup again; NO_SUCH_BACKUP. */
export function unpin(ctx: OperationContext, filename: string): Promise<CatalogueEntry> {
  return underLock(ctx, 'unpin', (repository) => repository.unpin(filename));
}

async function decide(
  ctx: OperationContext,
  repository: Repository,
  { dryRun, force = false }: PruneRequest,
  { afterFailure = false } = {},
): Promise<PruneOutcome> {
  const now = ctx.clock.now();
  const catalogue = await repository.catalogue();
  const decisions = planPrune(catalogue, ctx.plan.retention, now);
  const outcome: PruneOutcome = { dry_run: dryRun, now: isoUtc(now), decisions };
  if (force || !decisions.some(({ action }) => action === 'remove')) return outcome;
  const failure = afterFailure ? undefined : await failureHold(repository);
  const held = failure ?? anomaly(ctx.plan.retention, catalogue, now);
  return held === undefined ? outcome : { ...outcome, held };
}

/**
 * Why a prune would remove nothing now, whatever its decisions say; for previews made from a catalogue already read.
 * Takes no lock.
 */
export async function pruneHold(
  place: LastRunPlace,
  catalogue: Catalogue,
  policy: RetentionPolicy,
  now: number,
): Promise<string | undefined> {
  return (await failureHold(place)) ?? anomaly(policy, catalogue, now);
}

async function failureHold(place: LastRunPlace): Promise<string | undefined> {
  const last = await readLastRun(place);
  if (last?.state === 'failed')
    return `the backup run before failed (${last.message ?? last.code ?? 'unknown'})`;
  return last?.state === 'running' ? 'the backup run before did not end' : undefined;
}

function anomaly(policy: RetentionPolicy, catalogue: Catalogue, now: number): string | undefined {
  const found = anomalyHold(catalogue, policy, now);
  return (
    found && `${found}; look whether data is missing. If you expected this, run \`gofr-backup prune --force\``
  );
}

/** Removes oldest first, so that after a kill the least valuable backups are gone. */
async function apply(ctx: OperationContext, repository: Repository, outcome: PruneOutcome): Promise<void> {
  if (outcome.held !== undefined) {
    ctx.logger.warn({ why: outcome.held }, 'pruning is held: nothing was removed');
    return;
  }
  const trash = ctx.plan.trashDays > 0;
  for (const decision of outcome.decisions.toReversed()) {
    if (decision.action === 'keep') continue;
    ctx.signal.throwIfAborted();
    await repository.remove(decision, { trash });
    ctx.logger.info({ backup: decision.filename, reasons: decision.reasons, trash }, 'pruned');
  }
  const gone = await repository.emptyTrash(ctx.plan.trashDays);
  if (gone.length > 0) ctx.logger.info({ backups: gone }, 'trash emptied');
  const [newest] = await repository.catalogue();
  await giveUpTrash(ctx, repository, (newest?.size_bytes ?? 0) + ctx.plan.minFree);
}

/** The trash is a comfort: it never keeps the next backup, of `needed` bytes, from its room. */
export async function giveUpTrash(
  { logger }: OperationContext,
  repository: Repository,
  needed: number,
): Promise<void> {
  const gone = await repository.giveUpTrash(async () => (await freeSpace(repository.backupDir)) >= needed);
  if (gone.length > 0)
    logger.warn({ backups: gone, needed }, 'little space left: trash emptied before its time');
}
