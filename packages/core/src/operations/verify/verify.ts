import {
  type ArchiveProblem,
  type ArchiveReader,
  openArchive,
  type VerifyReport,
} from '@gofr-backup/archive';
import {
  BackupError,
  type CatalogueEntry,
  isFutureTime,
  isInDoubt,
  type OperationContext,
  toBackupError,
  type VerifyOutcome,
  type VerifyRequest,
} from '@gofr-backup/model';
import { type Checksum, isoUtc, readChecksum, type Repository } from '../../repository/index.ts';
import { archiveOptions } from '../archive-options.ts';
import { underLock } from '../context.ts';
import { damageWarnings, lostFiles, withoutDamage } from './damage.ts';
import { estimated } from '../estimated.ts';
import { mend, placeForIndex, tellNewIndex, tellUnmended } from './mend.ts';

export type VerifyResult = VerifyOutcome['results'][number];

/** A result, or in `unread` the reason why there is no verdict. */
interface Judged extends VerifyResult {
  read?: Pick<VerifyResult, 'files' | 'bytes' | 'ms'>;
  unread?: BackupError;
  /** what the index told before is not so */
  indexProblem?: string;
}

/** Milliseconds between two savings of the results, so that a kill costs no more than that. */
const SAVE_EVERY = 30_000;

/** A daily scrub reads every archive within this many days. */
const SCRUB_DAYS = 28;

/**
 * Reads archives back in full and marks them good or corrupt. Damage is an answer (`ok: false`), not an exception.
 * When no archive could be read for another reason (PERMISSION, IO, …), that error is thrown and no backup is marked.
 */
export function verify(ctx: OperationContext, request: VerifyRequest): Promise<VerifyOutcome> {
  return underLock(ctx, 'verify', async (repository, inner) => {
    const chosen = await choose(repository, request, inner.clock.now());
    const names = new Set(chosen.map(({ filename }) => filename));
    const done = new Map<string, Judged>();
    let saved = inner.clock.monotonic();
    for (const entry of chosen) {
      if (done.has(entry.filename)) continue;
      for (const result of await verifyShared(inner, repository, entry, names))
        done.set(result.filename, result);
      if (inner.clock.monotonic() - saved < SAVE_EVERY) continue;
      await repository.save();
      saved = inner.clock.monotonic();
    }
    const judged = chosen.flatMap(({ filename }) => done.get(filename) ?? []);
    const unread = judged.flatMap((result) => result.unread ?? []);
    if (unread.length > 0 && unread.length === judged.length) throw noneRead([...new Set(unread)]);
    return { results: judged.map(reported) };
  });
}

const reported = ({ filename, ok, problems, read, unread }: Judged): VerifyResult => ({
  ...{ filename, ok, problems, ...read },
  ...(ok ? {} : { code: unread?.code ?? 'ARCHIVE_DAMAGED' }),
});

function noneRead(errors: BackupError[]): BackupError {
  const first = errors[0]!;
  if (errors.length === 1) return first;
  const why = errors.map((error) => [error.message, error.why].filter(Boolean).join(': ')).join('; ');
  const message = `None of ${errors.length} archives could be read`;
  return new BackupError(first.code, message, { why, hint: first.hint, cause: first });
}

/**
 * Verifies one backup and the other names of the same file; answers for this backup. Only under the lock. Throws when
 * it could not be read. `reader`: an open reader, whose entries are not checked again.
 */
export async function verifyBackup(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  reader?: ArchiveReader,
): Promise<Omit<Judged, 'unread'>> {
  const results = await verifyShared(ctx, repository, entry, new Set([entry.filename]), reader);
  const own = results.find(({ filename }) => filename === entry.filename) as Judged;
  if (own.unread !== undefined) throw own.unread;
  return own;
}

async function choose(
  repository: Repository,
  { names, which }: VerifyRequest,
  now: number,
): Promise<CatalogueEntry[]> {
  if (names !== undefined && names.length > 0)
    return Promise.all([...new Set(names)].map((name) => repository.find(name)));
  if (which === 'all') return repository.catalogue();
  return which === 'oldest-verified' ? longestUnread(repository, now) : [await repository.find('latest')];
}

/**
 * The archives for today's scrub, the one longest unread first: as many as a daily scrub must read to finish a round
 * in time. Archives that this installation found corrupt are left out.
 */
async function longestUnread(repository: Repository, now: number): Promise<CatalogueEntry[]> {
  const known = await repository.known();
  const judgedHere = (entry: CatalogueEntry) => !isInDoubt(entry) || entry.verified_at !== undefined;
  const whole = known.list().filter((entry) => entry.status !== 'corrupt' || !judgedHere(entry));
  const seen = new Set<string>();
  const distinct = whole
    .toSorted((a, b) => (readAt(a, now) < readAt(b, now) ? -1 : 1))
    .filter(({ filename }) => {
      if (seen.has(filename)) return false;
      for (const sharer of known.sharing(filename)) seen.add(sharer);
      return true;
    });
  return distinct.slice(0, Math.ceil(distinct.length / SCRUB_DAYS));
}

/**
 * When the archive was last read, for sorting. Archives never read come first, the oldest of them before the others.
 * A time in the future counts as never, because the clock was wrong.
 */
const readAt = ({ verified_at, created_at = '' }: CatalogueEntry, now: number): string =>
  verified_at === undefined || isFutureTime(Date.parse(verified_at), now)
    ? `0 ${created_at}`
    : `1 ${verified_at}`;

/**
 * Reads the bytes once for all names of one file (promoted copies and unchanged backups are hard links). The
 * requested names, and names that are not good so far, are judged by their own sidecars. Other names are only marked.
 */
async function verifyShared(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  asked: ReadonlySet<string>,
  reader?: ArchiveReader,
): Promise<Judged[]> {
  const known = await repository.known();
  const report = await read(ctx, repository, entry, reader);
  const proven: string[] = [];
  const results: Judged[] = [];
  for (const filename of known.sharing(entry.filename)) {
    const sharer = known.entry(filename) ?? entry;
    if (!asked.has(filename) && isProvenBy(report, sharer)) proven.push(filename);
    else results.push(await conclude(ctx, repository, sharer, report));
  }
  await repository.mark(proven, { verified_at: isoUtc(ctx.clock.now()) });
  return results;
}

const isProvenBy = (report: Reading, { verified, sha256 }: CatalogueEntry): boolean =>
  'ok' in report && report.ok && verified && sha256 === report.sha256;

/** Of the bytes behind one name. `unread`: no verdict, because they could not be read for another reason than damage. */
type Reading = { filename: string } & (
  (VerifyReport & { ms?: number; lost?: readonly ArchiveProblem[] | undefined }) | { unread: BackupError }
);

async function read(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  open?: ArchiveReader,
): Promise<Reading> {
  const { filename, source_bytes } = entry;
  const began = ctx.clock.monotonic();
  try {
    const reader = open ?? (await openArchive(archiveOptions(ctx, repository, entry)));
    try {
      const unusable = !reader.indexed && source_bytes !== undefined;
      const progress = estimated(ctx.progress, () => source_bytes);
      const place = () =>
        placeForIndex(ctx, repository, entry).catch((error: unknown) => tellUnmended(ctx, filename, error));
      const report = await reader.verify({ ...ctx, progress }, undefined, place);
      const problem = { ...(unusable && { indexProblem: 'it cannot be read' }), ...report };
      if (report.indexMade) tellNewIndex(ctx, filename, problem.indexProblem ?? 'it is missing');
      const lost = report.ok || reader === open ? {} : { lost: await lostFiles(ctx, reader) };
      return { filename, ...problem, ...lost, ms: Math.round(ctx.clock.monotonic() - began) };
    } finally {
      if (reader !== open) await reader.close();
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    const failure = toBackupError(error, `verifying ${filename}`);
    if (failure.code !== 'ARCHIVE_DAMAGED' && failure.code !== 'ARCHIVE_HOSTILE')
      return { filename, unread: failure };
    const message = [failure.message, failure.why].filter(Boolean).join(': ');
    return { filename, ok: false, problems: [{ message }], sha256: '', files: 0, bytes: 0 };
  }
}

async function conclude(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  report: Reading,
): Promise<Judged> {
  const { filename } = entry;
  if ('unread' in report) {
    const { unread } = report;
    const problems = [[unread.message, unread.why].filter(Boolean).join(': ')];
    return { filename, ok: false, problems, unread };
  }
  const checksum = await readChecksum(repository.checksumPathOf(entry), filename);
  const problems = [
    ...report.problems.map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`)),
    ...(report.sha256 === '' ? [] : checksumProblems(entry, checksum, report.sha256)),
  ];
  const ok = report.ok && problems.length === 0;
  const verified_at = isoUtc(ctx.clock.now());
  if (ok) {
    await mend(ctx, repository, entry, checksum, report).catch((error: unknown) =>
      tellUnmended(ctx, filename, error),
    );
    const status = entry.status === 'incomplete' ? 'incomplete' : 'good';
    const proved = { verified: true, status, verified_at, sha256: report.sha256 } as const;
    const whole = entry.status === 'corrupt' ? { warnings: withoutDamage(entry) } : {};
    await repository.update(filename, { ...proved, ...whole, ...countsOf(entry, report) });
  } else {
    ctx.logger.error({ backup: filename, problems: problems.slice(0, 20) }, 'backup is damaged');
    const warnings = damageWarnings(entry, report.lost);
    await repository.update(filename, { verified: false, status: 'corrupt', verified_at, warnings });
  }
  const { indexProblem, files, bytes, ms } = report;
  const read = ms === undefined ? {} : { read: { files, bytes, ms } };
  return { filename, ok, problems, ...read, ...(indexProblem !== undefined && { indexProblem }) };
}

/** What another wrote of its files is a claim; the archive itself tells. */
function countsOf(entry: CatalogueEntry, { files, bytes }: VerifyReport): Partial<CatalogueEntry> {
  if (!isInDoubt(entry)) return { files: entry.files ?? files };
  return { files, ...(entry.source_bytes === undefined ? {} : { source_bytes: bytes }) };
}

/**
 * Compares the checksum with the sidecar's, and with that of a signed record: an archive that was exchanged together with
 * its sidecar is not the backup that was made. An unsigned record counts only when there is no sidecar.
 */
function checksumProblems(entry: CatalogueEntry, checksum: Checksum, actual: string): string[] {
  if (checksum.kind === 'unreadable') return [checksum.why];
  const wrong = (source: string, expected = actual): string[] =>
    expected === actual ? [] : [`SHA-256 is ${actual}, but ${source} says ${expected}`];
  if (checksum.kind === 'missing') return wrong('the manifest', entry.sha256);
  return [
    ...wrong('its .sha256 file', checksum.sha256),
    ...(isInDoubt(entry) ? [] : wrong('its signed record', entry.sha256)),
  ];
}
