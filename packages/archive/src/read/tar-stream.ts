/** A part of an archive as a plain tar stream: what an extraction of it would make, for another `tar` to extract. */
import { type ArchiveEntry, type Ports, storedSizeOf } from '@gofr-backup/model';
import { EntrySelection } from '../extract/entry-selection.ts';
import type { EntrySource, Wanted } from '../extract/entry-source.ts';
import { type ExtractPlan, ExtractPlanner } from '../extract/extract-plan.ts';
import { SafetyCheck } from '../extract/safety.ts';
import { paddedLength } from '../index/file.ts';
import { damaged } from '../refusals.ts';
import { BLOCK } from '../tar/header.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { mostXattrBytes } from '../tar/pax.ts';

/** Blocks of an entry beside its names and attributes, each long field with a header of its own. */
const FIXED_BLOCKS = 10;

/**
 * Every entry is checked first; then they come in archive order. A hard link whose file is not selected is a file, where its
 * content lies. Content is proved before it is handed out: where that fails the stream breaks off, so no reader takes it
 * for whole.
 */
export async function* tarStream(
  source: EntrySource,
  paths: readonly string[] | undefined,
  ports: Pick<Ports, 'signal' | 'progress'>,
): AsyncGenerator<Buffer> {
  const { plan, wanted } = await planStream(source, paths, ports.signal);
  const done = { files: 0, bytes: 0 };
  /** of the file at hand: all its bytes, and those to come */
  let size = 0;
  let left = 0;
  for await (const piece of source.members(wanted, ports.signal)) {
    if (Buffer.isBuffer(piece)) {
      left -= piece.length;
      done.bytes += piece.length;
      yield piece;
      if (left === 0) yield Buffer.alloc(paddedLength(size) - size);
    } else {
      if (left > 0) break;
      size = left = storedSizeOf(piece);
      if (piece.type === 'file') done.files++;
      yield header(piece);
    }
    ports.progress({ phase: 'extract', ...done, totalBytes: plan.bytes, totalFiles: plan.files });
  }
  if (left !== 0 || done.files !== plan.files)
    throw damaged('The archive changed while it was read.', 'It has other content than before.');
  yield Buffer.alloc(2 * BLOCK);
}

async function planStream(
  source: EntrySource,
  paths: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<{ plan: ExtractPlan; wanted: Wanted }> {
  const check = new SafetyCheck();
  const selection = new EntrySelection(paths);
  const planner = new ExtractPlanner(selection);
  for await (const entry of source.entries(signal)) planner.add(check.admit(entry));
  selection.checkAllUsed();
  const plan = planner.finish(check);
  await source.checkMaps(plan, signal);
  return { plan, wanted: wantedBy(plan, selection, check) };
}

function wantedBy(plan: ExtractPlan, selection: EntrySelection, check: SafetyCheck): Wanted {
  const targets = new Map(plan.hardlinks.map(({ path, target }) => [path, target]));
  return (entry, ordinal) => {
    const admitted = check.again(entry, ordinal);
    const { path, type } = admitted;
    if (type === 'file') {
      const place = plan.destination(ordinal, path);
      return place === undefined ? undefined : { ...admitted, path: place };
    }
    if (type !== 'directory' && !check.isLast(path, ordinal)) return undefined;
    if (type !== 'hardlink') return selection.takes(path) ? admitted : undefined;
    const linkTarget = targets.get(path);
    return linkTarget === undefined ? undefined : { ...admitted, linkTarget };
  };
}

function header(entry: ArchiveEntry): Buffer {
  const names = 4 * entry.path.length + 2 * (entry.linkTarget?.length ?? 0);
  const blocks = Buffer.alloc(FIXED_BLOCKS * BLOCK + names + mostXattrBytes(entry.xattrs));
  return blocks.subarray(0, writeHeaderBlocks(blocks, 0, entry));
}
