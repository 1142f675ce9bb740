/** The job of a reading thread: proves a frame against the index, and writes the files of it that the plan wants. */
import type { BytePath, EngineCodec } from '@gofr-backup/model';
import type { WriteTarget } from '../extract/entry-source.ts';
import { writeDataParts, writeNewFile, writePart } from '../extract/file-writer.ts';
import { MetadataWriter } from '../extract/metadata.ts';
import { addRefused, type Refused } from '../extract/refused.ts';
import type { SharedIndex } from '../index/types.ts';
import { type FrameFile, readFrame, type ReadFrame, release, Scratch } from './frame-reader.ts';
import { sharedIndex } from '../index/file.ts';
import type { DataPart } from '../tar/sparse.ts';
import { type MappedFile, sparseMapOf } from './sparse-map.ts';

export interface ReadShared {
  /** the open archive; descriptors belong to the process, so every thread may use it */
  archive: number;
  index: SharedIndex;
  engine?: EngineCodec | undefined;
  target?: WriteTarget;
}

export interface ReadJob {
  frame: number;
  /** files, by their place in the frame, that are not written to their own path; undefined: not written at all */
  moved?: [at: number, path: BytePath | undefined][];
  /** the frame is this part of a file that exists already */
  slice?: { path: BytePath; offset: number; length: number; sparse: boolean; parts?: DataPart[] };
  /** the frame is the map of this file: it is checked */
  mapOf?: MappedFile;
}

export interface ReadResult {
  /** read, and with a target written */
  files: number;
  bytes: number;
  refused?: Refused;
}

export function frameReading({
  archive,
  index: shared,
  engine,
  target,
}: ReadShared): (jobs: ReadJob[]) => ReadResult {
  const index = sharedIndex(shared, { freesPages: true });
  const { codec } = index.facts;
  const origin = { archive, codec, engine, scratch: new Scratch(), checksums: target === undefined };
  const perform = (job: ReadJob): ReadResult => {
    const frame = index.frame(job.frame);
    const entries = frame.entryCount > 0 ? index.entriesOf(job.frame) : [];
    const read = readFrame(origin, frame, entries, job.slice?.offset);
    try {
      if (job.mapOf) sparseMapOf(read.raw, job.mapOf);
      return target ? writeFrame(read, job, target) : countOf(read, job);
    } finally {
      release(read, origin);
    }
  };
  return (jobs) => {
    const refused: Refused = {};
    const done = { files: 0, bytes: 0, refused };
    for (const job of jobs) {
      const { files, bytes, refused: more } = perform(job);
      done.files += files;
      done.bytes += bytes;
      if (more) addRefused(refused, more);
    }
    return done;
  };
}

function countOf({ files }: ReadFrame, { slice }: ReadJob): ReadResult {
  return {
    files: files.length,
    bytes: slice?.length ?? files.reduce((sum, { entry }) => sum + entry.size, 0),
  };
}

function writeFrame(
  { raw, files }: ReadFrame,
  job: ReadJob,
  target: NonNullable<ReadShared['target']>,
): ReadResult {
  if (job.slice) return writeSlice(raw, job.slice, target.root);
  const moved = new Map(job.moved);
  const metadata = new MetadataWriter(target);
  const written = { files: 0, bytes: 0, refused: metadata.refused };
  for (const file of files) {
    const path = moved.has(file.at) ? moved.get(file.at) : file.entry.path;
    if (path === undefined) continue;
    writeNewFile(target.root, path, contentOf(raw, file), file.entry, metadata);
    written.files++;
    written.bytes += file.entry.size;
  }
  return written;
}

const contentOf = (raw: Buffer, { start, end }: FrameFile): Buffer => raw.subarray(start, end);

function writeSlice(raw: Buffer, slice: NonNullable<ReadJob['slice']>, root: number): ReadResult {
  const content = raw.subarray(0, slice.length);
  if (slice.parts) writeDataParts(root, slice.path, content, slice.parts);
  else writePart(root, slice.path, content, slice);
  return { files: 0, bytes: slice.length };
}
