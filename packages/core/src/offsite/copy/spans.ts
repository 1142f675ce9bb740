/** Reads an archive once, from beginning to end, and sends what the store does not have. */
import { createHash, hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { BackupError } from '@gofr-backup/model';
import { readWhole } from '@gofr-backup/posix';
import { FrameTable } from '../cache/frame-table.ts';
import type { KnownCopy } from '../cache/known-copy.ts';
import { Extents } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';
import { deltaOf } from './delta.ts';
import { type KnownFrames, type KnownSpan, PackNumbers } from './known-frames.ts';
import type { PackWriter } from './pack-writer.ts';
import type { StoredFrame } from './stored-frames.ts';

/** A recipe in the making. */
export interface Assembly extends KnownCopy {
  packs: Pack[];
}
export const newAssembly = (): Assembly => ({ packs: [], extents: new Extents(), frames: new FrameTable() });

interface Assembling {
  archive: FileHandle;
  frames: AsyncIterable<StoredFrame>;
  known: KnownFrames;
  writer: PackWriter;
  signal: AbortSignal;
  /** bytes of the archive that are done */
  progress: (bytes: number) => void;
}

/** Answers the SHA-256 of what was read: all of it is in the spans, in order. */
export async function assemble(into: Assembly, work: Assembling): Promise<string> {
  const { archive, frames, known, signal } = work;
  const whole = createHash('sha256');
  const read = frameReader(archive);
  const numbers = new PackNumbers(into.packs);
  const add = (spans: KnownSpan[]): void => spans.forEach((span) => into.extents.add(numbers.extent(span)));
  for await (const { offset, length } of frames) {
    signal.throwIfAborted();
    const bytes = await read(offset, length);
    whole.update(bytes);
    const sha256 = hash('sha256', bytes, 'buffer');
    const spans = known.find(sha256, length);
    if (spans) add(spans);
    else await addChanged(bytes, into, work, add);
    into.frames.add(length, sha256);
    work.progress(offset + length);
  }
  return whole.digest('hex');
}

/** Each frame is good until the next is read: they have one buffer. */
function frameReader(archive: FileHandle): (offset: number, length: number) => Promise<Buffer> {
  let buffer = Buffer.alloc(0);
  return async (offset, length) => {
    if (length > buffer.length) buffer = Buffer.allocUnsafeSlow(length);
    const bytes = buffer.subarray(0, length);
    if ((await readWhole(archive, bytes, offset)) === length) return bytes;
    throw new BackupError('ARCHIVE_DAMAGED', 'The archive became shorter while it was copied');
  };
}

/** What its old version has is named, the rest is sent. */
async function addChanged(
  bytes: Buffer,
  into: Assembly,
  { known, writer }: Assembling,
  add: (spans: KnownSpan[]) => void,
): Promise<void> {
  const old = await known.oldVersion();
  const parts = old === undefined ? [{ at: 0, length: bytes.length }] : deltaOf(bytes, old.bytes);
  let end: number | undefined;
  for (const { at, length, old: place } of parts) {
    const spans = place === undefined ? undefined : known.oldSpans(old!.from + place, length);
    if (spans) {
      add(spans);
      end = old!.from + place! + length;
    } else for (const extent of await writer.add(bytes.subarray(at, at + length))) into.extents.add(extent);
  }
  known.passed(end);
}
