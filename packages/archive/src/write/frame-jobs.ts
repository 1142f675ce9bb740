/**
 * The jobs of a writing thread: it reads files, builds tar blocks, hashes and compresses one frame, or copies
 * finished frames.
 */
import { createHash } from 'node:crypto';
import { closeSync, readlinkSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type Codec, displayPath } from '@gofr-backup/model';
import { errnoOf, type FileState, stateOf, READ_ATTEMPTS, readFully, isSameState } from '@gofr-backup/posix';
import { MOST_RAW_BYTES } from '../index/sizes.ts';
import { CHUNK_BYTES } from './archive-writer.ts';
import { compressFrame } from '../codec/codecs.ts';
import { type ContentSpan, digestFrame } from '../codec/digest.ts';
import type { EarlierFrame } from '../codec/earlier-segments.ts';
import { compareContent, type ContentJob, cutContent } from './content-jobs.ts';
import { estimatedLength } from './frames.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { incompressibleSpans } from '../codec/incompressible.ts';
import { paddedLength } from '../index/file.ts';
import { rawLengthOf, type SliceSpan } from '../index/slices.ts';
import { openContent } from '../source/content.ts';
import type { ReadXattrs } from '../source/entry-xattrs.ts';
import { lengthOfXattrs, readFittingXattrs } from './fitting-xattrs.ts';
import { SLOT_BYTES } from './arena.ts';
import type { ProvedFrame, StoredFrame } from './stored-frame.ts';
import { findStored, type StoredSlices } from './stored-slices.ts';
import { mayPass, NO_FILE_NOW } from '../source/failure.ts';
import type { WalkEntry } from '../source/source.ts';

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
  | { kind: 'build'; slot: number; entries: WalkEntry[]; headerOnly: boolean; earlier?: ProvedFrame }
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
export interface SliceToWrite extends SliceSpan {
  fd: number;
  /** of the whole file */
  size: number;
  /** the state of the file when it was opened */
  opened: FileState;
}

export interface FrameResult {
  /** bytes in the slot; 0: a copy failed its check */
  length: number;
  rawLength: number;
  crc32: number;
  /**
   * hash: SHA-256 of the archive so far. Otherwise the frame's digest, then content hashes, 32 bytes each. They lie
   * in memory of their own: posting a view posts all of its memory, and small Buffers share a large pool.
   */
  proofs: Uint8Array;
  /** the slot holds bytes of the previous archive */
  copied: boolean;
  /** a file was changing all the while it was read */
  changed: boolean;
  /** build: one per entry */
  outcomes: EntryOutcome[];
  /** cut */
  ends?: number[];
  /** compare */
  same?: boolean[];
}

/** A frame in its slot. */
type Finished = Pick<FrameResult, 'length' | 'rawLength' | 'crc32' | 'copied'>;

/**
 * How an entry was archived. `now`: its state when it was read, if that was not the state that the walk saw.
 * `failure`: an errno.
 */
export interface EntryOutcome extends ReadXattrs {
  headerLength: number;
  /** where in `proofs` the hash of its content is */
  hashAt?: number;
  now?: FileState;
  changed?: boolean;
  failure?: string;
}

/** The failure of a hard link whose target, in the same frame, could not be archived. */
export const ORPHANED = 'ORPHANED';

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
          ? buildFrame(job, { codec, xattrs }, raw, slot)
          : buildSlice(job.slice, { codec, slices }, raw, slot),
    };
  };
}

const NOTHING = {
  ...{ length: 0, rawLength: 0, crc32: 0, proofs: new Uint8Array(0) },
  ...{ copied: false, changed: false, outcomes: [] },
};

type BuildJob = Extract<FrameJob, { kind: 'build' }>;
type CopyJob = Extract<FrameJob, { kind: 'copy' }>;

function buildFrame(
  { entries, headerOnly, earlier }: BuildJob,
  { codec, xattrs }: Pick<FrameThreadSetup, 'codec' | 'xattrs'>,
  raw: Buffer,
  slot: Buffer,
): FrameResult {
  const spans: ContentSpan[] = [];
  const owners: EntryOutcome[] = [];
  const lost = new Set<string>();
  let room =
    MOST_RAW_BYTES - entries.reduce((sum, entry) => sum + (headerOnly ? 0 : estimatedLength(entry)), 0);
  let at = 0;
  const outcomes = entries.map((entry): EntryOutcome => {
    if (entry.linkTarget !== undefined && lost.has(entry.linkTarget))
      return { headerLength: 0, failure: ORPHANED };
    if (entry.type !== 'file' || headerOnly) {
      const read = xattrs ? readFittingXattrs(entry, undefined, room) : {};
      const end = writeHeaderBlocks(raw, at, withXattrs(entry, read));
      const headerLength = end - at;
      room -= lengthOfXattrs(read.xattrs);
      at = end;
      return { headerLength, ...read };
    }
    const read = readEntry(entry, raw, at, { room: Math.max(room, 0), xattrs });
    if (read.failure !== undefined || (read.now !== undefined && read.now.ino !== entry.ino))
      lost.add(entry.path);
    if (read.failure !== undefined) return read;
    const size = read.now?.size ?? entry.size;
    room -= Math.max(0, paddedLength(size) - paddedLength(entry.size)) + lengthOfXattrs(read.xattrs);
    const start = at + read.headerLength;
    if (size > 0) {
      spans.push({ start, end: start + size });
      owners.push(read);
    }
    at = start + paddedLength(size);
    return read;
  });
  const filled = raw.subarray(0, at);
  const { digest, hashes } = digestFrame(filled, spans);
  for (const [n, owner] of owners.entries()) owner.hashAt = 32 * (n + 1);
  // Only times that are not archived may have changed: an inode's own, or that of its last reading.
  const copied = raw === slot ? undefined : copySame(earlier, filled.length, digest, slot);
  const frame = copied ?? finish(codec, filled, spans, slot, earlier);
  return { ...frame, proofs: proofsOf(digest, hashes), changed: false, outcomes };
}

function proofsOf(digest: Buffer, hashes: Buffer[]): Uint8Array {
  const proofs = new Uint8Array(32 * (1 + hashes.length));
  proofs.set(digest);
  for (const [n, hash] of hashes.entries()) proofs.set(hash, 32 * (n + 1));
  return proofs;
}

interface Reading {
  /** bytes of the frame that are left */
  room: number;
  xattrs: boolean;
}

/** Reads an entry; opens its file again after a failure that may pass. */
function readEntry(entry: WalkEntry, raw: Buffer, at: number, how: Reading): EntryOutcome {
  let outcome = readOpened(entry, raw, at, how);
  for (let attempt = 1; attempt < READ_ATTEMPTS && mayPass(outcome.failure ?? ''); attempt++)
    outcome = readOpened(entry, raw, at, how);
  return outcome;
}

/**
 * Reads header and content of one file to `at`. They are consistent when the file does not change during one of a few
 * attempts.
 */
function readOpened(entry: WalkEntry, raw: Buffer, at: number, how: Reading): EntryOutcome {
  let fd: number;
  try {
    fd = openContent(entry);
  } catch (cause) {
    return { headerLength: 0, failure: errnoOf(cause) };
  }
  try {
    return readStable(fd, entry, raw, at, how);
  } catch (cause) {
    return { headerLength: 0, failure: stateOf(fd).isFile ? errnoOf(cause) : NO_FILE_NOW };
  } finally {
    closeSync(fd);
  }
}

function readStable(fd: number, entry: WalkEntry, raw: Buffer, at: number, how: Reading): EntryOutcome {
  const most = paddedLength(entry.size) + how.room;
  // A copy that stands for the file has other attributes.
  const own = entry.contentPath === undefined ? fd : undefined;
  let state: FileState = own === undefined ? stateOf(fd) : entry;
  for (let attempt = 1; ; attempt++) {
    const size = Math.min(state.size, most);
    const xattrs = how.xattrs ? readFittingXattrs(entry, own, most - paddedLength(size)) : {};
    const now = state === entry ? entry : { ...entry, ...archivedState(entry, state, size) };
    const end = writeHeaderBlocks(raw, at, withXattrs(now, xattrs));
    const done = readFully(fd, raw, end, size, 0);
    raw.fill(0, end + done, end + paddedLength(size));
    const after = stateOf(fd);
    if (!after.isFile) return { headerLength: 0, failure: NO_FILE_NOW };
    const same = isSameState(state, after) && size === state.size && done === size;
    if (same || attempt === READ_ATTEMPTS) {
      const outcome: EntryOutcome = { headerLength: end - at, ...xattrs };
      if (!same) outcome.changed = true;
      if (state !== entry || size !== state.size) outcome.now = archivedState(entry, state, size);
      return outcome;
    }
    const { isFile: _, ...changed } = after;
    state = changed;
  }
}

/** Nearly every entry has none, and is not copied. */
const withXattrs = (entry: WalkEntry, { xattrs }: ReadXattrs): WalkEntry =>
  xattrs === undefined ? entry : { ...entry, xattrs };

/** A substitute has all but the size of the file it stands for. */
function archivedState(entry: WalkEntry, state: FileState, size: number): FileState {
  const { mtimeNs, ctimeNs, ino, mode, uid, gid } = entry.contentPath === undefined ? state : entry;
  return { size, mtimeNs, ctimeNs, ino, mode, uid, gid };
}

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
  const frame =
    copySame(stored, filled.length, digest, slot) ??
    finish(codec, filled, [{ start: 0, end: slice.length }], slot);
  return { ...frame, proofs: proofsOf(digest, []), changed, outcomes: [] };
}

/** True when the file's state before and after the reading is the state at its opening. Missing bytes become zeros. */
function readSlice({ fd, position, length, opened }: SliceToWrite, raw: Buffer): boolean {
  for (let attempt = 1; ; attempt++) {
    const before = stateOf(fd);
    const done = readNamed(fd, raw, length, position);
    raw.fill(0, done);
    const after = stateOf(fd);
    if (isSameState(before, after) || attempt === READ_ATTEMPTS)
      return done === length && isSameState(after, opened) && isSameState(before, opened);
  }
}

/**
 * Reads a part of a big file. A failure ends the backup, because the header has stated the whole size; so the error
 * names the file.
 */
function readNamed(fd: number, raw: Buffer, length: number, position: number): number {
  for (let attempt = 1; ; attempt++) {
    try {
      return readFully(fd, raw, 0, length, position);
    } catch (cause) {
      if (attempt < READ_ATTEMPTS && mayPass(errnoOf(cause))) continue;
      const path = readlinkSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' });
      const message = `${displayPath(path)} could not be read: ${errnoOf(cause)}`;
      throw Object.assign(new Error(message, { cause }), { code: errnoOf(cause) });
    }
  }
}

/** The stored bytes of an earlier frame with the same raw bytes; undefined when there is none. */
function copySame(
  earlier: ProvedFrame | undefined,
  rawLength: number,
  digest: Buffer,
  slot: Buffer,
): Finished | undefined {
  if (earlier?.rawLength !== rawLength || !digest.equals(earlier.digest)) return undefined;
  if (!readStored(earlier.archiveFd, earlier.offset, [earlier], slot)) return undefined;
  return { length: earlier.length, rawLength, crc32: earlier.crc32, copied: true };
}

function copyFrames({ archiveFd, offset, frames }: CopyJob, slot: Buffer): FrameResult {
  const length = frames.reduce((sum, frame) => sum + frame.length, 0);
  const good = readStored(archiveFd, offset, frames, slot);
  return { ...NOTHING, length: good ? length : 0, copied: good };
}

/**
 * Reads adjacent frames and proves each by its CRC-32. False when the previous archive does not agree with its index.
 */
function readStored(fd: number, offset: number, frames: StoredFrame[], slot: Buffer): boolean {
  let at = 0;
  for (const { length } of frames) at += length;
  try {
    if (readFully(fd, slot, 0, at, offset) !== at) return false;
  } catch {
    return false;
  }
  at = 0;
  return frames.every((frame) => crc32(slot.subarray(at, (at += frame.length))) === frame.crc32);
}

function finish(
  codec: Codec,
  raw: Buffer,
  contents: ContentSpan[],
  slot: Buffer,
  earlier?: EarlierFrame,
): Finished {
  const length =
    codec.name === 'none'
      ? raw.length
      : compressFrame(codec, raw, incompressibleOf(raw, contents), slot, earlier);
  return { length, rawLength: raw.length, crc32: crc32(slot.subarray(0, length)), copied: false };
}

function incompressibleOf(raw: Buffer, contents: ContentSpan[]): ContentSpan[] {
  return contents.flatMap((content) =>
    incompressibleSpans(raw.subarray(content.start, content.end)).map(({ start, end }) => ({
      start: content.start + start,
      end: content.start + end,
    })),
  );
}
