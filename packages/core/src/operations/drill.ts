/** A restore into a scratch directory, to prove that the backup works. */
import { mkdir, mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArchiveReader,
  DatabaseProcess,
  databaseWarningPaths,
  openArchive,
  type ArchiveProblem,
  TIME_NOT_KEPT,
} from '@gofr-backup/archive';
import {
  BackupError,
  type BytePath,
  type CatalogueEntry,
  displayPath,
  type DrillOutcome,
  type DrillRequest,
  formatSize,
  type Logger,
  type OperationContext,
  type Progress,
  toBackupError,
  toBytePath,
} from '@gofr-backup/model';
import { removeTree } from '@gofr-backup/posix';
import { compareTree, type Comparison } from '../recovery/index.ts';
import { isoUtc, makeScratch, orWarn, type Repository, type Scratch } from '../repository/index.ts';
import { archiveOptions } from './archive-options.ts';
import { underLock } from './context.ts';
import { estimated } from './estimated.ts';
import { expectedSha256 } from './expected-sha256.ts';

/** The space that a file takes on disk beyond its bytes. */
const PER_ENTRY = 4096;

interface Findings {
  files: number;
  /** findings that prove the backup damaged */
  damage: string[];
  /** differences on the drill's disk after a whole extraction: the fault of its file system or of this program */
  problems: string[];
  /** defects that the data already had when it was backed up */
  notes: string[];
}

/**
 * Takes the lock. Reads the archive in full, extracts it, compares the extracted files with the hashes, and checks
 * SQLite databases. A failed drill is an outcome (`ok: false`), not an error. The backup is marked corrupt when the
 * damage is proven. DISK_FULL: no verdict.
 */
export function drill(ctx: OperationContext, request: DrillRequest): Promise<DrillOutcome> {
  return underLock(ctx, 'drill', async (repository, inner, lock) => {
    const entry = await repository.find(request.backup);
    const scratch = await scratchFor(repository, lock.readOnly, inner.logger);
    try {
      const { files, damage, ...other } = await findingsOf(inner, repository, entry, scratch.path);
      const problems = [...damage, ...other.problems];
      const ok = problems.length === 0;
      if (!lock.readOnly) await record(inner, repository, entry, ok, damage.length > 0);
      inner.logger.info(
        { backup: entry.filename, ok, files, problems: problems.slice(0, 20) },
        'drill ended',
      );
      return { backup: entry.filename, ok, files, problems: [...problems, ...other.notes] };
    } finally {
      await scratch.dispose();
    }
  });
}

/** Damage becomes a finding. An error that proves nothing about the archive (no room, a cancellation) is thrown. */
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
    return { files: 0, damage: [why ? `${message}: ${why}` : message], problems: [], notes: [] };
  }
}

async function extractAndCompare(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  scratch: string,
): Promise<Findings> {
  const reader = await openArchive(archiveOptions(ctx, repository, entry));
  try {
    // without an index every look at the entries decodes the archive: then the room is looked at after it was read
    const { indexed } = reader;
    if (indexed) await assertRoom(reader, scratch);
    // nothing can be compared without hashes: a backup that lost its index gets one in the scratch
    const place = async () => ({ path: join(scratch, 'index') });
    // extraction reads only the content that it writes, and damage elsewhere still stops `tar`
    const reading = { ...ctx, progress: estimated(ctx.progress, () => entry.source_bytes) };
    const { ok, problems } = await reader.verify(reading, await expectedSha256(repository, entry), place);
    if (!ok) return { files: 0, damage: problems.map(problemText), problems: [], notes: [] };
    if (!indexed) await assertRoom(reader, scratch);
    const directory = join(scratch, 'restored');
    await mkdir(directory, { mode: 0o700 });
    const restored = toBytePath(directory);
    const { xattrs = true } = ctx.plan;
    const { warnings, ...written } = await reader.extract({ ...ctx, directory, xattrs });
    const progress = totalled(ctx.progress, written);
    const comparison = await compareTree(reader, restored, { ...ctx, progress }, { warnings, xattrs });
    const { torn, known } = await checkDatabases(ctx, entry, restored, comparison);
    return {
      files: comparison.files,
      damage: torn.map(problemText),
      problems: comparison.problems.map(problemText),
      notes: [...warnings.filter(({ code }) => code === TIME_NOT_KEPT), ...known].map(problemText),
    };
  } finally {
    await reader.close();
  }
}

/** What was extracted is compared. */
const totalled =
  (
    progress: Progress,
    { files: totalFiles, bytes: totalBytes }: { files: number; bytes: number },
  ): Progress =>
  (event) =>
    progress({ ...event, totalBytes, totalFiles });

/** Runs after the comparison, because the check finishes what a crash left in a database, and so changes its files. */
async function checkDatabases(
  { signal }: OperationContext,
  entry: CatalogueEntry,
  restored: BytePath,
  { databases }: Comparison,
): Promise<{ torn: ArchiveProblem[]; known: ArchiveProblem[] }> {
  const torn: ArchiveProblem[] = [];
  const known: ArchiveProblem[] = [];
  if (databases.length === 0) return { torn, known };
  const warned = databaseWarningPaths(entry.warnings ?? []);
  await using sqlite = new DatabaseProcess({ signal, read: [], write: [restored] });
  for (const { path, place } of databases) {
    const found = await sqlite.check(place);
    if (found === undefined) continue;
    const { problem, proven } = found;
    const shown = displayPath(path);
    if (!proven) known.push({ path: shown, message: `this database could not be checked: ${problem}` });
    else if (warned.has(shown))
      known.push({ path: shown, message: `this database was damaged when it was backed up: ${problem}` });
    else torn.push({ path: shown, message: `this database does not open whole: ${problem}` });
  }
  return { torn, known };
}

/** A successful drill does not make a corrupt or incomplete backup good: only `verify` does. */
async function record(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  ok: boolean,
  damaged: boolean,
): Promise<void> {
  const drilled = { last_drill_at: isoUtc(ctx.clock.now()), last_drill_ok: ok };
  const verdict = damaged ? ({ status: 'corrupt', verified: false } as const) : {};
  await repository.update(entry.filename, { ...drilled, ...verdict });
}

/**
 * A scratch directory beside the backups, where there is most likely room; elsewhere when the backup directory is
 * read-only.
 */
async function scratchFor(repository: Repository, readOnly: boolean, logger: Logger): Promise<Scratch> {
  if (!readOnly) return makeScratch(repository, 'drill', logger);
  const path = await mkdtemp(join(tmpdir(), 'gofr-backup-drill-'));
  return { path, dispose: () => orWarn(logger, path, () => removeTree(toBytePath(path))) };
}

async function assertRoom(reader: ArchiveReader, scratch: string): Promise<void> {
  const [size] = await reader.measure([undefined]);
  const { bytes, entries } = size!;
  const { bavail, bsize } = await statfs(scratch);
  const [needed, free] = [bytes + entries * PER_ENTRY, bavail * bsize];
  if (needed <= free) return;
  throw new BackupError('DISK_FULL', 'There is not enough room for a drill', {
    why: `the restored files take ${formatSize(needed)}, ${formatSize(free)} are free in ${scratch}`,
    hint: 'Free space there; the backup was not judged.',
    details: { needed, free },
  });
}

function problemText({ path, message }: ArchiveProblem): string {
  return path === undefined ? message : `${path}: ${message}`;
}
