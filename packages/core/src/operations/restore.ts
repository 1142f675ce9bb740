/** Brings a backup back: verify, look, save the present state, stage, swap. */
import { type ArchiveReader, openArchive } from '@gofr-backup/archive';
import {
  BackupError,
  type BackupPlan,
  type CatalogueEntry,
  displayPath,
  isFuture,
  type OperationContext,
  type RestoreOutcome,
  type RestoreRequest,
  toBackupError,
} from '@gofr-backup/model';
import { look } from '@gofr-backup/posix';
import {
  assertRoom,
  assertUnmoved,
  bringIn,
  compareWithTargets,
  componentRoots,
  countFiles,
  estimateSafetyBackup,
  hasFiles,
  planRestore,
  type RestorePlan,
  type StepHook,
  type Target,
} from '../recovery/index.ts';
import { type HeldLock, type Repository, withheldDirectories } from '../repository/index.ts';
import { archiveOptions } from './archive-options.ts';
import { backup } from './backup.ts';
import { repositoryOf, underLock } from './context.ts';
import { verifyBackup } from './verify.ts';

/** One place a restore would write to, for the question put to a person. */
export interface RestoreTarget {
  /** component names, e.g. `['storage']`; empty for `--to` and `--path` */
  components: string[];
  /** absolute path on disk, display form */
  place: string;
  /** replace: becomes exactly what the archive holds; lay-over: other files stay; create: nothing is there now */
  effect: 'replace' | 'lay-over' | 'create';
  /** what lies there now */
  present: { files: number; bytes: number };
}
export interface RestoreDescription {
  backup: CatalogueEntry;
  targets: RestoreTarget[];
  warnings: string[];
}

/** What `restore` would overwrite. Reads only; throws what restore would throw about the request. */
export async function describeRestore(
  ctx: OperationContext,
  request: RestoreRequest,
): Promise<RestoreDescription> {
  const repository = await repositoryOf(ctx);
  const entry = await repository.find(request.backup);
  return withReader(ctx, repository, entry, async (reader) => {
    const { targets, warnings } = await planFor(ctx, request, entry, reader);
    const newer = request.backup === 'latest' ? await passedOver(repository, entry, ctx.clock.now()) : [];
    return { backup: entry, targets: targets.map(describeTarget), warnings: [...newer, ...warnings] };
  });
}

/** Why `latest` is not the newest there is. */
async function passedOver(repository: Repository, chosen: CatalogueEntry, now: number): Promise<string[]> {
  const entries = await repository.catalogue();
  const place = entries.findIndex(({ filename }) => filename === chosen.filename);
  return entries.slice(0, Math.min(Math.max(place, 0), 5)).map((entry) => {
    const { filename, status, trigger } = entry;
    if (isFuture(entry, now)) return `${filename} is dated in the future: passed over`;
    const what = trigger === 'pre-restore' ? 'saved by a restore' : status;
    return `${filename} is newer, but ${what}: passed over`;
  });
}

/**
 * Takes the lock. A kill at any moment leaves old data or new, never a mixture; `recoverInterrupted` settles which.
 * ARCHIVE_DAMAGED, ARCHIVE_HOSTILE, USAGE, DISK_FULL, PERMISSION, IO (read-only): nothing was changed.
 */
export function restore(
  ctx: OperationContext,
  request: RestoreRequest,
  step: StepHook = () => {},
): Promise<RestoreOutcome> {
  return underLock(ctx, 'restore', (repository, inner, lock) =>
    restoreLocked(inner, request, repository, lock, step).catch((error: unknown) => {
      throw toBackupError(error, 'restore');
    }),
  );
}

async function restoreLocked(
  ctx: OperationContext,
  request: RestoreRequest,
  repository: Repository,
  lock: HeldLock,
  step: StepHook,
): Promise<RestoreOutcome> {
  const entry = await repository.find(request.backup);
  return withReader(ctx, repository, entry, async (reader) => {
    const plan = await verifiedPlan(ctx, request, repository, entry, reader);
    const saves = wantsSafetyBackup(request, ctx.plan);
    if (saves && lock.readOnly) throw noPlaceForSafety(ctx.plan);
    assertRoom(plan.stages, saves ? await roomForSafety(ctx.plan, repository) : undefined);
    ctx.signal.throwIfAborted();
    if (request.dryRun) return dryRun(ctx, request, entry, reader, plan);
    const saved = saves ? await safetyBackup(ctx) : null;
    assertUnmoved(plan.targets);
    if (!saves) ctx.logger.info({ asked: request.safetyBackup !== false }, 'no safety backup is made');
    const { project } = ctx.plan;
    const { stateDir } = repository;
    const checkLock = () => lock.check();
    const report = await bringIn({ ...ctx, reader, plan, project, stateDir, checkLock, step });
    const warnings = [...plan.warnings, ...report.warnings.map(warningText)];
    return { ...outcomeOf(ctx.plan, request, entry, report, warnings), safety_backup: saved };
  });
}

/**
 * What is wrong with the request is known before the long work. Without an index the archive is read first, which makes
 * one: every look at the entries would decode all of it. A plan made by an index that lied is made again.
 */
async function verifiedPlan(
  ctx: OperationContext,
  request: RestoreRequest,
  repository: Repository,
  entry: CatalogueEntry,
  reader: ArchiveReader,
): Promise<RestorePlan> {
  const early = reader.indexed ? await planFor(ctx, request, entry, reader) : undefined;
  const { indexProblem } = await verifyInFull(ctx, repository, entry, reader);
  return early && indexProblem === undefined ? early : planFor(ctx, request, entry, reader);
}

const planFor = (
  { plan }: OperationContext,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
): Promise<RestorePlan> => planRestore(plan, request, entry, reader, withheldDirectories(plan.backupDir));

/** Also marks it corrupt when it is. */
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
  });
}

async function roomForSafety(
  plan: BackupPlan,
  repository: Repository,
): Promise<{ directory: string; bytes: number }> {
  const catalogue = await repository.catalogue();
  const bytes = estimateSafetyBackup(plan, catalogue, withheldDirectories(plan.backupDir));
  return { directory: repository.backupDir, bytes };
}

function wantsSafetyBackup(request: RestoreRequest, plan: BackupPlan): boolean {
  const isWanted = request.safetyBackup !== false && request.to === undefined;
  return isWanted && hasFiles(componentRoots(plan), withheldDirectories(plan.backupDir));
}

/** Never a hard link: what is about to be restored must not be the only copy of the present state. */
async function safetyBackup(ctx: OperationContext): Promise<string> {
  try {
    const plan = { ...ctx.plan, linkUnchanged: false };
    const { backup: saved } = await backup({ ...ctx, plan }, { trigger: 'pre-restore' });
    return saved.filename;
  } catch (error) {
    const { code, message, why, hint, details } = toBackupError(error, 'the safety backup');
    throw new BackupError(code, `The safety backup failed, nothing was restored: ${message}`, {
      why,
      hint: `${hint} Or restore without one: --no-safety-backup.`,
      details,
      cause: error,
    });
  }
}

function noPlaceForSafety({ backupDir }: BackupPlan): BackupError {
  return new BackupError('IO', 'No safety backup can be made, so nothing was restored', {
    why: `${backupDir} is mounted read-only`,
    hint: 'Mount it writable, restore with --no-safety-backup, or elsewhere with --to DIR.',
  });
}

async function dryRun(
  ctx: OperationContext,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
  { targets, warnings }: RestorePlan,
): Promise<RestoreOutcome> {
  const changes = await compareWithTargets(reader, targets, ctx.signal);
  const { added, replaced, unchanged } = changes;
  const files = added.files + replaced.files + unchanged.files;
  const bytes = added.bytes + replaced.bytes + unchanged.bytes;
  return { ...outcomeOf(ctx.plan, request, entry, { files, bytes }, warnings), safety_backup: null, changes };
}

function outcomeOf(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  { files, bytes }: { files: number; bytes: number },
  warnings: string[],
): Omit<RestoreOutcome, 'safety_backup'> {
  const target = request.to ?? plan.dataDir;
  return { backup: entry.filename, target, files, bytes, ...(warnings.length > 0 && { warnings }) };
}

async function withReader<T>(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  work: (reader: ArchiveReader) => Promise<T>,
): Promise<T> {
  const reader = await openArchive(archiveOptions(ctx, repository, entry));
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

function describeTarget({ components, place, merge, withheld }: Target): RestoreTarget {
  const effect = look(place) === undefined ? 'create' : merge ? 'lay-over' : 'replace';
  return { components, place: displayPath(place), effect, present: countFiles([place], withheld) };
}

function warningText({ path, message }: { path?: string; message: string }): string {
  return path === undefined ? message : `${path}: ${message}`;
}
