/**
 * The jobs of a writing thread: it reads files, builds tar blocks, hashes and compresses one frame, or copies
 * finished frames.
 */
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { type Codec, displayPath } from '@gofr-backup/model';
import { errnoOf, type FileState, stateOf, READ_ATTEMPTS, readFully, isSameState } from '@gofr-backup/posix';
import { MOST_RAW_BYTES } from '../index/sizes.ts';
import { CHUNK_BYTES } from './archive-writer.ts';
import { digestFrame } from '../codec/digest.ts';
import { compareContent, type ContentJob, cutContent } from './content-jobs.ts';
import { EntriesFrame, type EntriesToWrite } from './entries-frame.ts';
import { copySame, type Finished, finish, proofsOf, readStored } from './finish.ts';
import { type FrameResult, NOTHING } from './frame-result.ts';
import { incompressibleWithin } from './raw-frame.ts';
import { rawLengthOf, type SliceSpan } from '../index/slices.ts';
import type { HoledSlice } from '../index/holed-slices.ts';
import { SLOT_BYTES } from './arena.ts';
import type { StoredFrame } from './stored-frame.ts';
import { findStored, type StoredSlices } from './stored-slices.ts';
import { mayPass } from '../source/failure.ts';

/** The memory that all threads share: finished frames pass through its slots. */
export interface FrameThreadSetup {
  arena: SharedArrayBuffer;
  /** the archive writer's chunks */
  chunks: SharedArrayBuffer;
  codec: Codec;
  /** whether extended attributes are archived */
  xattrs: boolean;
  /** of the previous archive, when its bytes can be of use */
  slices: StoredSlices | undefined;
}

export type FrameJob =
  | ({ kind: 'build'; slot: number } & EntriesToWrite)
  | { kind: 'slice'; slot: number; slice: SliceToWrite }
  | { kind: 'copy'; slot: number; archiveFd: number; offset: number; frames: StoredFrame[] };

/** The next bytes of the archive: these jobs go to one thread, in order. */
export interface HashJob {
  kind: 'hash';
  chunk: number;
  length: number;
}

export type WritingJob = FrameJob | HashJob | ContentJob;

/** A part of a big file. */
export interface SliceToWrite extends HoledSlice {
  fd: number;
  /** of the whole content, as it is stored */
  size: number;
  /** the state of the file when it was opened */
  opened: FileState;
}

export function frameWorker({
  arena,
  chunks,
  codec,
  xattrs,
  slices,
}: FrameThreadSetup): (job: WritingJob) => { result: FrameResult } {
  const scratch = codec.name === 'none' ? undefined : Buffer.allocUnsafeSlow(MOST_RAW_BYTES);
  const archive = createHash('sha256');
  return (job) => {
    if (job.kind === 'hash') {
      archive.update(Buffer.from(chunks, job.chunk * CHUNK_BYTES, job.length));
      return { result: { ...NOTHING, proofs: new Uint8Array(archive.copy().digest()) } };
    }
    if (job.kind === 'cut') return { result: { ...NOTHING, ends: cutContent(job) } };
    if (job.kind === 'compare') {
      const same = slices && scratch ? compareContent(job, slices, scratch) : [];
      return { result: { ...NOTHING, same } };
    }
    const slot = Buffer.from(arena, job.slot * SLOT_BYTES, SLOT_BYTES);
    if (job.kind === 'copy') return { result: copyFrames(job, slot) };
    const raw = scratch ?? slot;
    return {
      result:
        job.kind === 'build'
          ? new EntriesFrame(job, { codec, xattrs }, raw, slot).build()
          : buildSlice(job.slice, { codec, slices }, raw, slot),
    };
  };
}

type CopyJob = Extract<FrameJob, { kind: 'copy' }>;

function buildSlice(
  slice: SliceToWrite,
  { codec, slices }: Pick<FrameThreadSetup, 'codec' | 'slices'>,
  raw: Buffer,
  slot: Buffer,
): FrameResult {
  const filled = raw.subarray(0, rawLengthOf(slice, slice.size));
  const changed = !readSlice(slice, filled);
  const { digest } = digestFrame(filled, []);
  const stored = slices && raw !== slot ? findStored(slices, digest) : undefined;
  const compressed = (): Finished => {
    const incompressible = raw === slot ? [] : incompressibleWithin(raw, { start: 0, end: slice.length });
    return finish(codec, filled, incompressible, slot);
  };
  const frame = copySame(stored, filled.length, digest, slot) ?? compressed();
  return { ...frame, proofs: proofsOf(digest), changed, outcomes: [] };
}

/** True when the file's state before and after the reading is the state at its opening. Missing bytes become zeros. */
function readSlice(slice: SliceToWrite, raw: Buffer): boolean {
  const { fd, length, opened } = slice;
  for (let attempt = 1; ; attempt++) {
    const before = stateOf(fd);
    const done = readContent(slice, raw);
    raw.fill(0, done);
    const after = stateOf(fd);
    if (isSameState(before, after) || attempt === READ_ATTEMPTS)
      return done === length && isSameState(after, opened) && isSameState(before, opened);
  }
}

/** What it reads less than the slice's length is missing at its end. */
function readContent({ fd, position, length, parts, content }: SliceToWrite, raw: Buffer): number {
  if (content !== undefined) {
    raw.set(content);
    return length;
  }
  let done = 0;
  for (const part of parts ?? [{ position, length }]) {
    const read = readNamed(fd, raw, done, part);
    done += read;
    if (read < part.length) break;
  }
  return done;
}

/**
 * Reads a part of a big file. A failure ends the backup, because the header has stated the whole size; so the error
 * names the file.
 */
function readNamed(fd: number, raw: Buffer, at: number, { position, length }: SliceSpan): number {
  for (let attempt = 1; ; attempt++) {
    try {
      return readFully(fd, raw, at, length, position);
    } catch (cause) {
      if (attempt < READ_ATTEMPTS && mayPass(errnoOf(cause))) continue;
      const path = readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' });
      const message = `${displayPath(path)} could not be read: ${errnoOf(cause)}`;
      throw Object.assign(new Error(message, { cause }), { code: errnoOf(cause) });
    }
  }
}

function copyFrames({ archiveFd, offset, frames }: CopyJob, slot: Buffer): FrameResult {
  const length = frames.reduce((sum, frame) => sum + frame.length, 0);
  const good = readStored(archiveFd, offset, frames, slot);
  return { ...NOTHING, length: good ? length : 0, copied: good };
}
