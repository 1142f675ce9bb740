/** A restore nobody asked for, into a scratch directory, to prove the backup works. */
import { mkdir, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { displayPath, toBytePath } from '../archive/byte-path.ts';
import { openArchive, rebuildIndex } from '../archive/index.ts';
import type { ArchiveReader, Problem } from '../archive/types.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import { DatabaseThread } from '../consistency/database-thread.ts';
import { databaseWarningPaths } from '../consistency/snapshot.ts';
import { BackupError, toBackupError } from '../errors.ts';
import { type Comparison, compareTree } from '../recovery/compare.ts';
import { removeTree } from '../recovery/tree.ts';
import { isoUtc } from '../repository/names.ts';
import type { Repository } from '../repository/repository.ts';
import { makeScratch } from '../repository/scratch.ts';
import { underLock } from './context.ts';
import { rootsOf } from './restore.ts';
import type { DrillOutcome, DrillRequest, OperationContext } from './types.ts';

/** What a file takes on disk beyond its bytes. */
const PER_ENTRY = 4096;

interface Findings {
  files: number;
  /** what makes the backup no backup */
  problems: string[];
  /** what was so already when it was backed up */
  notes: string[];
}

/**
 * Takes the lock. Extracts everything, reads it again from the disk against the index's hashes, checks SQLite databases.
 * A failed drill is an outcome (`ok: false`), not an error; the backup is then marked corrupt. DISK_FULL: no verdict.
 */
export function drill(ctx: OperationContext, request: DrillRequest): Promise<DrillOutcome> {
  return underLock(ctx, 'drill', async (repository, inner, lock) => {
    const entry = await repository.find(request.backup);
    const scratch = await scratchFor(repository, lock.readOnly);
    try {
      const { files, problems, notes } = await findingsOf(inner, repository, entry, scratch.path);
      const ok = problems.length === 0;
      if (!lock.readOnly) await record(inner, repository, entry, ok);
      inner.logger.info(
        { backup: entry.filename, ok, files, problems: problems.slice(0, 20) },
        'drill ended',
      );
      return { backup: entry.filename, ok, files, problems: [...problems, ...notes] };
    } finally {
      await removeTree(toBytePath(scratch.path));
      await scratch.dispose();
    }
  });
}

/** Damage becomes a finding; what says nothing about the archive (no room, a cancel) is thrown. */
async function findingsOf(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  scratch: string,
): Promise<Findings> {
  try {
    return await extractAndCompare(ctx, repository, entry, scratch);
  } catch (error) {
    const { code, message, why } = toBackupError(error, 'drill');
    if (code !== 'ARCHIVE_DAMAGED' && code !== 'ARCHIVE_HOSTILE') throw error;
    return { files: 0, problems: [why ? `${message}: ${why}` : message], notes: [] };
  }
}

async function extractAndCompare(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  scratch: string,
): Promise<Findings> {
  const reader = await openIndexed(ctx, repository, entry, scratch);
  try {
    await assertRoom(reader, scratch);
    const directory = join(scratch, 'restored');
    await mkdir(directory, { mode: 0o700 });
    await reader.extract({ ...ctx, directory, allowedRoots: rootsOf(ctx.plan) });
    const comparison = await compareTree(reader, toBytePath(directory), ctx);
    const { torn, known } = await checkDatabases(ctx, entry, comparison);
    return {
      files: comparison.files,
      problems: [...comparison.problems, ...torn].map(problemText),
      notes: known.map(problemText),
    };
  } finally {
    await reader.close();
  }
}

/** Without the index's hashes there is nothing to compare with: a backup that has none gets one in the scratch. */
async function openIndexed(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  scratch: string,
): Promise<ArchiveReader> {
  const { clock, logger, progress, signal, plan } = ctx;
  const options = {
    clock,
    logger,
    progress,
    signal,
    archivePath: repository.pathOf(entry),
    threads: plan.threads,
  };
  const reader = await openArchive({ ...options, indexPath: repository.indexPathOf(entry) });
  if (reader.indexed) return reader;
  await reader.close();
  const indexPath = join(scratch, 'index');
  await rebuildIndex({ ...options, indexPath });
  return openArchive({ ...options, indexPath });
}

/** After the comparison: checking finishes what a crash left in a database, which changes its files. */
async function checkDatabases(
  { signal }: OperationContext,
  entry: CatalogueEntry,
  { databases }: Comparison,
): Promise<{ torn: Problem[]; known: Problem[] }> {
  const torn: Problem[] = [];
  const known: Problem[] = [];
  if (databases.length === 0) return { torn, known };
  const warned = databaseWarningPaths(entry.warnings ?? []);
  const thread = new DatabaseThread(signal);
  try {
    for (const { path, place } of databases) {
      const problem = await thread.check(place);
      if (problem === undefined) continue;
      const shown = displayPath(path);
      if (warned.has(shown))
        known.push({ path: shown, message: `this database was damaged when it was backed up: ${problem}` });
      else torn.push({ path: shown, message: `this database does not open whole: ${problem}` });
    }
  } finally {
    await thread.close();
  }
  return { torn, known };
}

/** A drill that succeeds does not make good what was corrupt or incomplete before: `verify` decides that. */
async function record(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  ok: boolean,
): Promise<void> {
  const drilled = { last_drill_at: isoUtc(ctx.clock.now()), last_drill_ok: ok };
  await repository.update(entry.filename, ok ? drilled : { ...drilled, status: 'corrupt', verified: false });
}

/** Beside the backups, where there is most likely room; elsewhere when that is read-only. */
async function scratchFor(repository: Repository, readOnly: boolean): ReturnType<typeof makeScratch> {
  if (!readOnly) return makeScratch(repository, 'drill');
  const path = await mkdtemp(join(tmpdir(), 'gofr-backup-drill-'));
  return { path, dispose: () => removeTree(toBytePath(path)) };
}

async function assertRoom(reader: ArchiveReader, scratch: string): Promise<void> {
  const { bytes, entries } = await reader.measure();
  const { bavail, bsize } = await statfs(scratch);
  const [needed, free] = [bytes + entries * PER_ENTRY, bavail * bsize];
  if (needed <= free) return;
  throw new BackupError('DISK_FULL', 'There is not enough room for a drill', {
    why: `the restored files take ${Math.ceil(needed / 1048576)} MB, ${Math.floor(free / 1048576)} MB are free in ${scratch}`,
    hint: 'Free space there; the backup was not judged.',
    details: { needed, free },
  });
}

function problemText({ path, message }: Problem): string {
  return path === undefined ? message : `${path}: ${message}`;
}
