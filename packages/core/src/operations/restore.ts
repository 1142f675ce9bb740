/** Brings a backup back: plan, verify, save the present state, stage, swap. */
import type { ArchiveProblem, ArchiveReader } from '@gofr-backup/archive';
import {
  type BackupPlan,
  type CatalogueEntry,
  displayPath,
  type OperationContext,
  type RestoreOutcome,
  type RestoreRequest,
  toBackupError,
  toBytePath,
} from '@gofr-backup/model';
import {
  assertRoom,
  assertUnmoved,
  bringIn,
  compareWithTargets,
  type RestorePlan,
  type RoomFor,
  type StepHook,
} from '../recovery/index.ts';
import type { ArrivingArchive } from '../offsite/index.ts';
import type { HeldLock, Repository } from '../repository/index.ts';
import { underLock } from './context.ts';
import { planFor, provedPlan, salvage, whileArriving, withReader } from './plan-restore.ts';
import { noPlaceForSafety, roomForSafety, safetyBackup, wantsSafetyBackup } from './safety-backup.ts';

/** What only the process that restores can say; a request may come from anywhere. */
export interface RestoreHow {
  step?: StepHook | undefined;
  /** the archive is still coming, and proves itself when it is there: nothing is swapped in before */
  arriving?: ArrivingArchive | undefined;
}

/**
 * Takes the lock. A kill at any moment leaves old data or new, never a mixture; `recoverInterrupted` settles which.
 * ARCHIVE_DAMAGED, ARCHIVE_HOSTILE, USAGE, DISK_FULL, PERMISSION, IO (read-only): nothing was changed.
 */
export function restore(
  ctx: OperationContext,
  request: RestoreRequest,
  { step, arriving: coming }: RestoreHow = {},
): Promise<RestoreOutcome> {
  return underLock(ctx, 'restore', (repository, inner, lock) =>
    whileArriving(coming, (arriving) =>
      restoreLocked(inner, request, repository, lock, { step, arriving }),
    ).catch((error: unknown) => {
      throw toBackupError(error, 'restore');
    }),
  );
}

async function restoreLocked(
  ctx: OperationContext,
  request: RestoreRequest,
  repository: Repository,
  lock: HeldLock,
  { step = () => {}, arriving }: RestoreHow,
): Promise<RestoreOutcome> {
  const entry = await repository.find(request.backup);
  return withReader(
    ctx,
    repository,
    entry,
    async (reader) => {
      const lost = request.salvage ? await salvage(ctx, request, reader) : undefined;
      using plan = await (lost
        ? planFor(ctx, request, entry, reader)
        : provedPlan(ctx, request, repository, entry, { reader, arriving }));
      const saves = wantsSafetyBackup(request, ctx.plan);
      if (saves && lock.readOnly) throw noPlaceForSafety(ctx.plan);
      assertRoom(plan, [
        ...(saves ? [await roomForSafety(ctx.plan, repository)] : []),
        ...(arriving ? [roomForArriving(repository, arriving)] : []),
      ]);
      ctx.signal.throwIfAborted();
      if (request.dryRun) await arriving?.whole();
      if (request.dryRun) return { ...(await dryRun(ctx, request, entry, reader, plan)), ...lacking(lost) };
      const saved = saves ? await safetyBackup(ctx) : null;
      assertUnmoved(plan);
      if (!saves) ctx.logger.info({ asked: request.safetyBackup !== false }, 'no safety backup is made');
      const { project } = ctx.plan;
      const { stateDir } = repository;
      const checkLock = () => lock.check();
      const proved = async () => arriving?.whole();
      const report = await bringIn({ ...ctx, reader, plan, project, stateDir, checkLock, proved, step });
      const warnings = [...plan.warnings, ...report.warnings.map(warningText)];
      const outcome = outcomeOf(ctx.plan, request, entry, report, warnings);
      return { ...outcome, safety_backup: saved, ...lacking(lost) };
    },
    { ...request, arriving },
  );
}

const roomForArriving = ({ backupDir }: Repository, { missing }: ArrivingArchive): RoomFor => ({
  purpose: 'the archive that is being fetched',
  directory: backupDir,
  bytes: missing,
});

async function dryRun(
  ctx: OperationContext,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
  plan: RestorePlan,
): Promise<RestoreOutcome> {
  const changes = await compareWithTargets(reader, plan, ctx.signal);
  const { added, replaced, unchanged } = changes;
  const files = added.files + replaced.files + unchanged.files;
  const bytes = added.bytes + replaced.bytes + unchanged.bytes;
  return {
    ...outcomeOf(ctx.plan, request, entry, { files, bytes }, plan.warnings),
    safety_backup: null,
    changes,
  };
}

function outcomeOf(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  { files, bytes }: { files: number; bytes: number },
  warnings: string[],
): Omit<RestoreOutcome, 'safety_backup'> {
  const target = request.to === undefined ? plan.dataDir : displayPath(toBytePath(request.to));
  return { backup: entry.filename, target, files, bytes, ...(warnings.length > 0 && { warnings }) };
}

const lacking = (lost?: readonly ArchiveProblem[]): Pick<RestoreOutcome, 'lost'> =>
  lost === undefined ? {} : { lost: lost.map(warningText) };

function warningText({ path, message }: { path?: string; message: string }): string {
  return path === undefined ? message : `${path}: ${message}`;
}
