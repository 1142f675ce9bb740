/**
 * Extracts into a fresh directory that is held open, in an order in which nothing can be written through a link. Every entry
 * is checked before the first byte is written. Then come directories, regular files, hard links and symlinks. Modes and times
 * of directories are set last. Nothing is done by a path that could lead elsewhere meanwhile.
 */
import { displayPath, heldTime, isSameTime, toBytePath, type Warning } from '@gofr-backup/model';
import { Beneath, DirectoryHandle } from '@gofr-backup/posix';
import { checkRoom, DeclaredBound } from './declared-bound.ts';
import { EntrySelection } from './entry-selection.ts';
import type { EntrySource } from './entry-source.ts';
import { type ExtractPlan, ExtractPlanner } from './extract-plan.ts';
import { type Grants, MetadataWriter } from './metadata.ts';
import { addRefused, type Refused, warningsOf } from './refused.ts';
import { SafetyCheck } from './safety.ts';
import { Skeleton } from './skeleton.ts';
import { inspectTarget, type TargetDirectory } from './target-directory.ts';
import type { ExtractOptions, ExtractReport } from '../types.ts';

/** Code of a warning. */
export const TIME_NOT_KEPT = 'time-not-kept';

/** `known`: the check that an earlier pass over all entries of this source went through. */
export async function extractFrom(
  source: EntrySource,
  options: ExtractOptions,
  known?: SafetyCheck,
): Promise<ExtractReport> {
  const { directory } = options;
  if (typeof directory !== 'string') return extractInto(directory, source, options, known);
  using opened = DirectoryHandle.open(toBytePath(directory), { follow: true });
  return await extractInto(opened, source, options, known);
}

async function extractInto(
  root: DirectoryHandle,
  source: EntrySource,
  options: ExtractOptions,
  known: SafetyCheck | undefined,
): Promise<ExtractReport> {
  const { signal } = options;
  const target = inspectTarget(root);
  const how = { fresh: target.fresh, grants: grantsOf(options) };
  await using writer = source.writerTo({ root: root.fd, ...how });
  const plan = await planExtraction(source, target, options, known);
  checkRoom(plan, target);
  using skeleton = new Skeleton(root, plan, new MetadataWriter(how), signal);
  await skeleton.makeDirectories();
  const progress = new WriteProgress(plan, options);
  const refused: Refused = {};
  const written = (files: number, bytes: number): void => progress.add(files, bytes);
  addRefused(refused, await writer.write({ plan, signal, written }));
  await skeleton.makeLinks();
  await skeleton.finishDirectories();
  addRefused(refused, skeleton.refused);
  const files = progress.files + plan.hardlinks.length + plan.symlinks.size;
  const warnings = [...warningsOf(refused), ...timesNotKept(plan, root)];
  return { files, bytes: progress.bytes, warnings };
}

const grantsOf = ({ xattrs = true, privileges = true }: ExtractOptions): Grants => ({ xattrs, privileges });

async function planExtraction(
  source: EntrySource,
  target: TargetDirectory,
  options: ExtractOptions,
  known: SafetyCheck | undefined,
): Promise<ExtractPlan> {
  // Where the file system folds names, two names that were different before may be the same.
  const checked = target.fold ? undefined : known;
  const check = checked ?? new SafetyCheck(target.fold ? { fold: target.fold } : {});
  const selection = new EntrySelection(options.paths);
  const planner = new ExtractPlanner(selection);
  const bound = new DeclaredBound(source, target);
  let ordinal = 0;
  for await (const entry of source.entries(options.signal)) {
    bound.add(entry);
    planner.add(checked ? checked.again(entry, ordinal++) : check.admit(entry));
  }
  selection.checkAllUsed();
  const plan = planner.finish(check);
  await source.checkMaps(plan, options.signal);
  return plan;
}

class WriteProgress {
  readonly #plan: ExtractPlan;
  readonly #report: ExtractOptions['progress'];
  files = 0;
  bytes = 0;

  constructor(plan: ExtractPlan, { progress }: ExtractOptions) {
    this.#plan = plan;
    this.#report = progress;
  }

  add(files: number, bytes: number): void {
    this.files += files;
    this.bytes += bytes;
    const { files: totalFiles, bytes: totalBytes } = this.#plan;
    this.#report({ phase: 'extract', bytes: this.bytes, totalBytes, files: this.files, totalFiles });
  }
}

/**
 * ext4 keeps no time after 2446, and xfs without bigtime none after 2038. Both set the nearest time they can, without
 * an error.
 */
function timesNotKept({ oddlyTimed }: ExtractPlan, root: DirectoryHandle): Warning[] {
  using beneath = new Beneath(root);
  return oddlyTimed.flatMap(({ path, mtimeNs }) => {
    const kept = beneath.lstat(path)!.mtimeNs;
    if (isSameTime(mtimeNs, kept)) return [];
    const [wanted, has] = [mtimeNs, kept].map((ns) =>
      new Date(Number(heldTime(ns) / 1_000_000n)).toISOString(),
    );
    const message = `its time is ${has}: this file system does not keep ${wanted}`;
    return [{ code: TIME_NOT_KEPT, path: displayPath(path), message }];
  });
}
