/** Brings a backup back: verify, look, save the present state, stage, swap. */
import { type ArchiveReader, openArchive } from '@gofr-backup/archive';
import {
  BackupError,
  type BackupPlan,
  type CatalogueEntry,
  displayPath,
  isFuture,
  isWorkDirName,
  type OperationContext,
  type RestoreOutcome,
  type RestoreRequest,
  toBackupError,
} from '@gofr-backup/model';
import { look, namesIn } from '@gofr-backup/posix';
import {
  assertRoom,
  assertUnmoved,
  assertWritable,
  bringIn,
  compareWithTargets,
  componentRoots,
  countFiles,
  estimateSafetyBackup,
  hasFiles,
  layStages,
  type MountTable,
  readMounts,
  refuseConflicts,
  type Selection,
  selectTargets,
  type StepHook,
  type Target,
} from '../recovery/index.ts';
import { type HeldLock, type Repository, withheldDirectories } from '../repository/index.ts';
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
    const { targets, warnings } = await select(ctx.plan, request, entry, reader, readMounts());
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
  const { plan, signal } = ctx;
  const entry = await repository.find(request.backup);
  const isIndexed = await withReader(ctx, repository, entry, async ({ indexed }) => indexed);
  // reads it all at once and makes a lost index anew: without one, every look at the entries would decode everything
  if (!isIndexed) await verifyInFull(ctx, repository, entry);
  return withReader(ctx, repository, entry, async (reader) => {
    const mounts = readMounts();
    const selection = await select(plan, request, entry, reader, mounts);
    if (isIndexed) await verifyInFull(ctx, repository, entry, reader);
    const saves = wantsSafetyBackup(request, plan);
    if (saves && lock.readOnly) throw noPlaceForSafety(plan);
    await checkRoom(ctx, reader, selection.targets, mounts, saves ? repository : undefined);
    signal.throwIfAborted();
    if (request.dryRun) return dryRun(ctx, request, entry, reader, selection);
    const saved = saves ? await safetyBackup(ctx) : null;
    assertUnmoved(selection.targets);
    if (!saves) ctx.logger.info({ asked: request.safetyBackup !== false }, 'no safety backup is made');
    const report = await bringIn({
      ...ctx,
      reader,
      targets: selection.targets,
      mounts,
      project: plan.project,
      stateDir: repository.stateDir,
      checkLock: () => lock.check(),
      step,
    });
    const warnings = [...selection.warnings, ...report.warnings.map(warningText)];
    return { ...outcomeOf(plan, request, entry, report, warnings), safety_backup: saved };
  });
}

/** The request against the archive and the places: whatever is wrong with it is known before the long work. */
async function select(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
  mounts: MountTable,
): Promise<Selection> {
  const selection = await selectTargets(plan, request, entry, reader, withheldDirectories(plan.backupDir));
  assertWritable(selection.targets, mounts);
  await refuseConflicts(reader, selection.targets);
  if (request.to !== undefined && !request.merge) assertEmpty(selection.targets[0]!);
  return selection;
}

/** Also marks it corrupt when it is. */
async function verifyInFull(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  reader?: ArchiveReader,
): Promise<void> {
  const { ok, problems } = await verifyBackup(ctx, repository, entry, reader);
  if (ok) return;
  throw new BackupError('ARCHIVE_DAMAGED', `${entry.filename} is damaged; nothing was changed`, {
    why: problems.slice(0, 3).join('; '),
  });
}

async function checkRoom(
  ctx: OperationContext,
  reader: ArchiveReader,
  targets: Target[],
  mounts: MountTable,
  saveIn: Repository | undefined,
): Promise<void> {
  const stages = layStages(targets, mounts, '0'.repeat(16));
  const safety = saveIn && {
    directory: saveIn.backupDir,
    bytes: estimateSafetyBackup(ctx.plan, await saveIn.catalogue(), withheldDirectories(ctx.plan.backupDir)),
  };
  await assertRoom(reader, stages, safety);
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
  { targets, warnings }: Selection,
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

export async function withReader<T>(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  work: (reader: ArchiveReader) => Promise<T>,
): Promise<T> {
  const archivePath = repository.pathOf(entry);
  const indexPath = repository.indexPathOf(entry);
  const { clock, logger, progress, signal, plan } = ctx;
  const ports = { clock, logger, progress, signal };
  const { threads, codec } = plan;
  const reader = await openArchive({ ...ports, archivePath, indexPath, threads, engine: codec.engine });
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

function assertEmpty({ place }: Target): void {
  const there = look(place);
  if (!there) return;
  const what = !there.isDirectory()
    ? 'it is no directory'
    : namesIn(place).every(isWorkDirName)
      ? ''
      : 'it is not empty';
  if (what === '') return;
  throw new BackupError('USAGE', `${displayPath(place)} cannot take the backup`, {
    why: what,
    hint: 'Name an empty or a new directory, or lay the backup over what is there with --merge.',
  });
}

function describeTarget({ components, place, merge, withheld }: Target): RestoreTarget {
  const effect = look(place) === undefined ? 'create' : merge ? 'lay-over' : 'replace';
  return { components, place: displayPath(place), effect, present: countFiles([place], withheld) };
}

function warningText({ path, message }: { path?: string; message: string }): string {
  return path === undefined ? message : `${path}: ${message}`;
}
