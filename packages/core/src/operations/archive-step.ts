import {
  createArchive,
  type CreateArchiveResult,
  isLack,
  READ_ERROR,
  type WalkOptions,
} from '@gofr-backup/archive';
import {
  BackupError,
  type BackupPlan,
  type BackupRequest,
  type Catalogue,
  type CatalogueEntry,
  formatCount,
  isInDoubt,
  MOST_TEXT,
  type OperationContext,
  untilNow,
  type Warning,
} from '@gofr-backup/model';
import { lackingText } from '@gofr-backup/posix';
import { refuseRoot } from '../recovery/index.ts';
import { type CommitFacts, makeScratch, type Repository, withheldDirectories } from '../repository/index.ts';
import { newestGood } from '../retention/index.ts';
import { liveServers, liveServerWarning } from './checks/live-servers.ts';
import { checkSources, refuseEmptied } from './check-sources.ts';
import { withCommands } from './commands.ts';
import { underLock } from './context.ts';
import { ensureSpace } from './ensure-space.ts';
import { type Count, countBeside, estimated, tarBytes } from './estimated.ts';
import { markRun, readLastRun, rememberFailure } from './last-run.ts';
import type { LastRun } from './last-run.ts';
import { verifyBackup } from './verify/index.ts';

/**
 * Step 1 of a backup. With `request.run` it answers the backup that run already committed, instead of making a second
 * one. NOTHING_TO_BACK_UP, DISK_FULL, PERMISSION (the backup is there, but incomplete), FAILED (the pre-command).
 */
export function archiveStep(ctx: OperationContext, request: BackupRequest): Promise<CatalogueEntry> {
  return underLock(ctx, 'backup', async (repository, inner) => {
    const own = madeBy(request, await repository.catalogue());
    if (own !== undefined && !isWorthAnotherTry(own)) return complete(own);
    return rememberFailure(repository, inner, async () => {
      const previous = await readLastRun(repository);
      await markRun(repository, inner, { state: 'running' });
      await proveNewest(inner, repository);
      const before = await repository.catalogue();
      const lastGood = newestGood(before, inner.plan.retention, inner.clock.now());
      const sources = sourcesOf(inner.plan);
      const missing = await checkSources(inner.plan.components, lastGood);
      const live = liveServers(inner.plan.components, sources.withheld ?? []).map(liveServerWarning);
      await ensureSpace(inner, repository, lastGood, mayPrune(request, previous));
      const entry = await withCommands(inner.plan, request, inner, () =>
        makeArchive({ ctx: inner, repository, request, before, lastGood, sources, missing, live }),
      );
      return complete(entry);
    });
  });
}

/**
 * Whether this backup may prune to make space. A safety backup may not, because the backup that is being restored
 * might go. After a failed run it may only when the run failed for want of space, which pruning mends.
 */
const mayPrune = ({ trigger }: BackupRequest, previous: LastRun | undefined): boolean =>
  trigger !== 'pre-restore' &&
  (previous === undefined || previous.state === 'done' || previous.code === 'DISK_FULL');

/** Whether reading failed for a reason that may pass: the same run then makes another backup. */
const isWorthAnotherTry = ({ status, warnings = [] }: CatalogueEntry): boolean =>
  status === 'incomplete' && warnings.some(({ code }) => code === READ_ERROR);

const madeBy = ({ run, tier = 'daily' }: BackupRequest, before: Catalogue): CatalogueEntry | undefined =>
  run === undefined ? undefined : before.find((entry) => entry.run === run && entry.tier === tier);

/** The directories to read, and those never to read. Throws CONFIG for a root that may not be read. */
function sourcesOf(plan: BackupPlan): WalkOptions {
  const { components, exclude, followRootLinks = false, backupDir, dataDir } = plan;
  const withheld = withheldDirectories(backupDir);
  for (const { root } of components) refuseRoot(plan, root, withheld);
  return { components, exclude, followRootLinks, withheld, base: dataDir };
}

/**
 * After an upgrade, or with another key, no record counts. The newest backup is then read first: that costs less than to
 * compress everything anew.
 */
async function proveNewest(ctx: OperationContext, repository: Repository): Promise<void> {
  const before = await repository.catalogue();
  if (!ctx.plan.verifyAfterBackup || before.some(({ status }) => status === 'good')) return;
  const newest = untilNow(before, ctx.clock.now()).find(({ status }) => status === 'unverified');
  if (newest?.source_bytes === undefined || !isInDoubt(newest)) return;
  ctx.logger.info({ backup: newest.filename }, 'no backup counts as good yet: the newest is verified first');
  await verifyBackup(ctx, repository, newest).catch((error: unknown) => {
    ctx.signal.throwIfAborted();
    ctx.logger.warn({ backup: newest.filename, err: error }, 'it could not be read; all is compressed anew');
  });
}

interface ArchiveRequest {
  ctx: OperationContext;
  repository: Repository;
  request: BackupRequest;
  before: Catalogue;
  lastGood: CatalogueEntry | undefined;
  sources: WalkOptions;
  missing: Warning[];
  /** of servers whose data directories are among the data */
  live: Warning[];
}

async function makeArchive(archiving: ArchiveRequest): Promise<CatalogueEntry> {
  const { ctx, repository, request, lastGood, sources } = archiving;
  const { plan, clock, logger, progress, signal } = ctx;
  const began = clock.monotonic();
  const { tier = 'daily' } = request;
  signal.throwIfAborted();
  await using used = new AsyncDisposableStack();
  const scratch = used.adopt(await makeScratch(repository, 'databases', logger), (made) => made.dispose());
  const toCome = used.use(bytesToCome(archiving));
  const reservation = await repository.reserve({ tier, at: clock.now(), compression: plan.codec.name });
  try {
    const { components, codec, threads, nice, readRate, linkUnchanged, xattrs = false } = plan;
    const { readThreads = threads } = plan;
    const result = await createArchive({
      ...{ clock, logger, signal },
      progress: estimated(progress, toCome.bytes),
      ...sources,
      ...{ codec, threads, readThreads, nice, linkUnchanged, xattrs },
      ...(readRate === undefined ? {} : { readRate }),
      ...reuse(archiving),
      archivePath: reservation.archivePath,
      indexPath: reservation.indexPath,
      scratchDir: scratch.path,
    });
    if (result.files === 0) refuseEmptied(components, lastGood);
    const duration_ms = Math.round(clock.monotonic() - began);
    const entry = await repository.commit(reservation, { ...facts(archiving, result), duration_ms });
    logger.info({ backup: entry.filename, files: entry.files, bytes: entry.size_bytes }, 'archive written');
    return entry;
  } catch (error) {
    await repository.discard(reservation);
    throw error;
  }
}

/**
 * About the bytes to come, as a backup walks and reads at once and so knows its total only at the end: from the backup
 * before; without one from a count beside it.
 */
function bytesToCome({ ctx, before, sources }: ArchiveRequest): Count {
  const last = before.find(({ source_bytes }) => source_bytes !== undefined);
  if (last === undefined) return countBeside(sources, ctx);
  const bytes = tarBytes(last.files ?? 0, last.source_bytes ?? 0);
  return { bytes: () => bytes, [Symbol.asyncDispose]: async () => {} };
}

/** Frames may only come from an archive that was read back in full. */
function reuse({ ctx, repository, before }: ArchiveRequest) {
  const { name, level } = ctx.plan.codec;
  const previous = before.find(
    (entry) =>
      entry.status === 'good' && entry.compression === name && (entry.compression_level ?? level) === level,
  );
  if (previous === undefined) return {};
  const { sha256 } = previous;
  return {
    previous: {
      archivePath: repository.pathOf(previous),
      indexPath: repository.indexPathOf(previous),
      ...(sha256 === undefined ? {} : { sha256 }),
    },
  };
}

function facts({ ctx, request, missing, live }: ArchiveRequest, result: CreateArchiveResult): CommitFacts {
  const { codec } = ctx.plan;
  const absent = result.warnings.some(({ code }) => code === 'missing-component') ? [] : missing;
  return {
    sha256: result.sha256,
    status: result.unreadable.length > 0 ? 'incomplete' : 'unverified',
    compression: codec.name,
    ...(codec.name === 'none' ? {} : { compression_level: codec.level }),
    trigger: request.trigger,
    ...(request.run === undefined ? {} : { run: request.run }),
    components: result.components.filter(({ present }) => present).map(({ name }) => name),
    files: result.files,
    source_bytes: result.sourceBytes,
    reused_bytes: result.reusedBytes,
    warnings: [...absent, ...live, ...lackingHere(ctx.plan), ...result.warnings].map(recordable),
  };
}

/** As a record takes it, whatever the length of the path that it names. */
function recordable({ code, path, message }: Warning): Warning {
  return { code, ...(path !== undefined && { path: cut(path) }), message: cut(message) };
}

const cut = (words: string): string =>
  words.length > MOST_TEXT ? `${words.slice(0, MOST_TEXT - 1)}…` : words;

/** What this machine cannot archive is told once a backup, not a file. */
function lackingHere({ xattrs }: BackupPlan): Warning[] {
  const message = lackingText({ xattrs });
  return message === undefined ? [] : [{ code: 'native-missing', message }];
}

function complete(entry: CatalogueEntry): CatalogueEntry {
  if (entry.status !== 'incomplete') return entry;
  const lacking = (entry.warnings ?? []).filter(isLack);
  const named = lacking.slice(0, 10).map(({ path = '?', message }) => `${path} (${message})`);
  const more = lacking.length > named.length ? ` and ${lacking.length - named.length} more` : '';
  const failed = lacking.some(({ code }) => code === READ_ERROR);
  throw new BackupError(
    failed ? 'IO' : 'PERMISSION',
    `${entry.filename} is incomplete: ${formatCount(lacking.length, 'file')} ${failed ? 'could' : 'may'} not be read`,
    {
      why: named.join(', ') + more,
      ...(failed && { hint: 'Check the disk and the mount they lie on (`dmesg`); it is tried again.' }),
      details: { backup: entry.filename, files: lacking.map(({ path }) => path) },
    },
  );
}
