/**
 * Extracts into a fresh directory, in an order in which nothing can be written through a link. Every entry is checked
 * before the first byte is written. Then come directories, regular files, hard links and symlinks. Modes and times of
 * directories are set last.
 */
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ArchiveEntry,
  BackupError,
  type BytePath,
  type Compression,
  displayPath,
  formatCount,
  formatSize,
  fsPath,
  heldTime,
  isSameTime,
  joinPath,
  type Warning,
  utimeOf,
} from '@gofr-backup/model';
import { EntrySelection } from './entry-selection.ts';
import { type ExtractPlan, ExtractPlanner } from './extract-plan.ts';
import type { Ownership } from './file-writer.ts';
import type { EntrySource } from './entry-source.ts';
import { hostile } from '../refusals.ts';
import { SafetyCheck } from './safety.ts';
import { inspectTarget, type TargetDirectory } from './target-directory.ts';
import type { ExtractOptions, ExtractReport } from '../types.ts';
import { restoreXattrs } from './xattrs.ts';

/** More than any compressor can make of one byte: deflate's limit, and generous ones for the others. */
const MOST_EXPANSION: Record<Compression, number> = {
  gzip: 1040,
  bzip2: 100_000,
  xz: 100_000,
  zstd: 100_000,
  none: 1,
};
/** The expansion that real data may have. An archive that expands further, to more than the disk holds, is a bomb. */
const HONEST_EXPANSION = 200;
/** Steps between two turns of the event loop, so that timers and signals are served. */
const STEPS_PER_TURN = 500;
const PATH_MAX = 4096;
/** Code of a warning. */
export const TIME_NOT_KEPT = 'time-not-kept';
const IMPLIED_MODE = 0o755;

/** `known`: the check that an earlier pass over all entries of this source went through. */
export async function extractFrom(
  source: EntrySource,
  options: ExtractOptions,
  known?: SafetyCheck,
): Promise<ExtractReport> {
  const target = await inspectTarget(options.directory);
  const ownership = currentOwnership(options.owners ?? process.getuid?.() === 0);
  await using writer = source.writerTo({ root: target.root, ownership });
  const plan = await planExtraction(source, target, options, known);
  checkRoom(plan, target);
  const warnings: Warning[] = [];
  await makeDirectories(plan, target.root, options.signal);
  const progress = new WriteProgress(plan, options);
  await writer.write({
    plan,
    signal: options.signal,
    written: (files, bytes) => progress.add(files, bytes),
  });
  await makeLinks(plan, target.root, ownership, options.signal);
  warnings.push(...restoreXattrs(attributed(plan), target.root));
  await finishDirectories(plan, target.root, ownership, options.signal);
  warnings.push(...timesNotKept(plan, target.root));
  const files = progress.files + plan.hardlinks.length + plan.symlinks.size;
  return { files, bytes: progress.bytes, warnings };
}

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
  for await (const entry of source.entries(options.signal)) {
    bound.add(entry);
    if (target.root.length + 1 + entry.path.length >= PATH_MAX) throw tooLong(entry.path);
    planner.add(checked ? checked.again(entry) : check.admit(entry));
  }
  selection.checkAllUsed();
  return planner.finish(check);
}

/** Refuses an entry as soon as the declared sizes add up to more than the archive can hold or the disk can take. */
class DeclaredBound {
  readonly #possible: number;
  readonly #honest: number;
  readonly #target: TargetDirectory;
  #bytes = 0;
  #entries = 0;

  constructor({ codec, size }: EntrySource, target: TargetDirectory) {
    this.#possible = size * MOST_EXPANSION[codec];
    this.#honest = size * HONEST_EXPANSION;
    this.#target = target;
  }

  add(entry: ArchiveEntry): void {
    // Holes take no room, neither in the archive nor on the disk.
    if (!entry.sparse) this.#bytes += entry.size;
    this.#entries++;
    if (this.#bytes > this.#possible) {
      throw hostile(entry.path, 'it declares more bytes than the whole archive can hold');
    }
    if (this.#bytes > this.#target.freeBytes && this.#bytes > this.#honest) {
      throw hostile(
        entry.path,
        `with it the archive expands to more than ${HONEST_EXPANSION} times its size and fills the disk`,
      );
    }
    if (this.#entries > this.#target.freeEntries) {
      throw hostile(
        entry.path,
        `the disk can hold ${formatCount(this.#target.freeEntries, 'more file')}, the archive has more`,
      );
    }
  }
}

function checkRoom(plan: ExtractPlan, target: TargetDirectory): void {
  if (plan.bytes - plan.sparseBytes <= target.freeBytes) return;
  throw new BackupError('DISK_FULL', `There is no room for ${formatSize(plan.bytes)}.`, {
    why: `The file system restored into has ${formatSize(target.freeBytes)} free.`,
    hint: 'Free space there, restore only a part (--only, --path), or restore elsewhere (--to).',
    details: { needed: plan.bytes, free: target.freeBytes },
  });
}

function tooLong(path: BytePath): BackupError {
  return new BackupError(
    'FAILED',
    `A path is too long to be restored there: "${displayPath(path).slice(0, 200)}…"`,
    {
      why: `A path may have ${PATH_MAX - 1} bytes, with the directory restored into.`,
      hint: 'Restore into a directory with a shorter path, or a part of the archive (--path).',
    },
  );
}

function currentOwnership(owners: boolean): Ownership {
  return { owners, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, umask: process.umask() };
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

/** Runs `step` for each item, serving the event loop and the signal in between. */
async function forEachInTurns<T>(
  items: Iterable<T>,
  signal: AbortSignal,
  step: (item: T) => void,
): Promise<void> {
  let steps = 0;
  for (const item of items) {
    if (steps++ % STEPS_PER_TURN === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
    step(item);
  }
}

/** Directories are closed to other users until their content is complete. */
async function makeDirectories(plan: ExtractPlan, root: BytePath, signal: AbortSignal): Promise<void> {
  await forEachInTurns(plan.directories.keys(), signal, (path) =>
    mkdirSync(fsPath(joinPath(root, path)), 0o700),
  );
}

async function makeLinks(
  plan: ExtractPlan,
  root: BytePath,
  ownership: Ownership,
  signal: AbortSignal,
): Promise<void> {
  const at = (path: BytePath): string | Buffer => fsPath(joinPath(root, path));
  await forEachInTurns(plan.hardlinks, signal, ({ path, target }) => linkSync(at(target), at(path)));
  await forEachInTurns(plan.symlinks.values(), signal, ({ path, linkTarget, uid, gid, mtimeNs }) => {
    symlinkSync(fsPath(linkTarget!), at(path));
    if (ownership.owners) lchownSync(at(path), uid, gid);
    const time = utimeOf(mtimeNs);
    lutimesSync(at(path), time, time);
  });
}

/** Children before parents: making a child changes the time of its parent. */
async function finishDirectories(
  plan: ExtractPlan,
  root: BytePath,
  ownership: Ownership,
  signal: AbortSignal,
): Promise<void> {
  await forEachInTurns([...plan.directories].reverse(), signal, ([path, entry]) => {
    const full = fsPath(joinPath(root, path));
    if (entry && ownership.owners) chownSync(full, entry.uid, entry.gid);
    chmodSync(full, entry?.mode ?? IMPLIED_MODE);
    const time = entry && utimeOf(entry.mtimeNs);
    if (time !== undefined) utimesSync(full, time, time);
  });
}

/**
 * ext4 keeps no time after 2446, and xfs without bigtime none after 2038. Both set the nearest time they can, without
 * an error.
 */
function timesNotKept({ oddlyTimed }: ExtractPlan, root: BytePath): Warning[] {
  return oddlyTimed.flatMap(({ path, mtimeNs }) => {
    const kept = lstatSync(fsPath(joinPath(root, path)), { bigint: true }).mtimeNs;
    if (isSameTime(mtimeNs, kept)) return [];
    const [wanted, has] = [mtimeNs, kept].map((ns) =>
      new Date(Number(heldTime(ns) / 1_000_000n)).toISOString(),
    );
    const message = `its time is ${has}: this file system does not keep ${wanted}`;
    return [{ code: TIME_NOT_KEPT, path: displayPath(path), message }];
  });
}

function* attributed(plan: ExtractPlan): Generator<ArchiveEntry> {
  for (const entry of plan.directories.values()) if (entry?.xattrs) yield entry;
  for (const entry of plan.symlinks.values()) if (entry.xattrs) yield entry;
  yield* plan.attributed;
}
