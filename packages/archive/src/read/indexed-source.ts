/** An archive read through its index: any frame by itself, and all of them on all cores. */
import { closeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import {
  type ArchiveEntry,
  type BytePath,
  type Compression,
  type EngineCodec,
  storedSizeOf,
} from '@gofr-backup/model';
import type {
  EntrySource,
  FileWork,
  FoundEntry,
  PlanWriter,
  Wanted,
  WriteTarget,
} from '../extract/entry-source.ts';
import type { ExtractPlan } from '../extract/extract-plan.ts';
import { createFile, PART_MODE, reopenFile, setLength } from '../extract/file-writer.ts';
import { MetadataWriter } from '../extract/metadata.ts';
import { addRefused, type Refused } from '../extract/refused.ts';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import { type FrameOrigin, readFrame } from './frame-reader.ts';
import { type ArchiveIndex, type OpenedIndex, openIndex, sharedIndex } from '../index/file.ts';
import { checkLengths, type Section, sectionsOf, type FileSlice, slicesAfter } from '../index/sections.ts';
import { trusted } from './trusted-entry.ts';
import { BATCH_BYTES, batchesOf, openReaders, pause, readBatches, type Readers } from './read-batches.ts';
import type { ReadJob, ReadResult, ReadShared } from './read-jobs.ts';
import type { SparseMap } from '../tar/sparse.ts';
import type { Arrival, FilePiece } from '../types.ts';
import { sparseMapOf } from './sparse-map.ts';

/** The same for one big file that is written: two threads that write it would wait for each other. */
const FILE_BATCH_BYTES = 32 << 20;
/** Entries between two turns of the event loop. */
const ENTRIES_PER_TURN = 2000;

export interface ReadingOptions {
  threads: number;
  engine?: EngineCodec | undefined;
  arrival?: Arrival | undefined;
}

export class IndexedSource implements EntrySource {
  readonly index: ArchiveIndex;
  readonly codec: Compression;
  readonly size: number;
  readonly archive: FileHandle;
  readonly #opened: OpenedIndex;
  readonly #how: ReadingOptions;
  /** the frames that hold files whole, once all entries were seen: a page cannot change after that */
  #filled: ReadonlySet<number> | undefined;

  private constructor(archive: FileHandle, opened: OpenedIndex, how: ReadingOptions) {
    const { facts } = opened.index;
    this.archive = archive;
    this.index = opened.index;
    this.codec = facts.codec;
    this.size = facts.archiveSize;
    this.#opened = opened;
    this.#how = how;
  }

  /**
   * Throws ARCHIVE_DAMAGED when the file is no index, or the index of another archive. Errors of the system are
   * passed on.
   */
  static async load(archive: FileHandle, indexPath: string, how: ReadingOptions): Promise<IndexedSource> {
    const opened = await openIndex(indexPath);
    try {
      for (const frame of opened.index.frames()) checkLengths(frame);
    } catch (cause) {
      await opened.close();
      throw cause;
    }
    return new IndexedSource(archive, opened, how);
  }

  /** Closes only the index: the archive's descriptor belongs to its opener. */
  async close(): Promise<void> {
    await this.#opened.close();
  }

  async *entries(signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
    let count = 0;
    const filled = new Set<number>();
    for (const { frame, entries } of sectionsOf(this.index)) {
      for (const entry of entries) {
        if (count++ % ENTRIES_PER_TURN === 0) await pause(signal);
        yield trusted(entry);
      }
      if (entries.some(({ type }) => type === 'file') && !entries.at(-1)!.sliced) filled.add(frame.number);
    }
    this.#filled = filled;
  }

  async find(
    matches: (path: BytePath) => boolean,
    signal: AbortSignal,
    before = Infinity,
  ): Promise<FoundEntry | undefined> {
    signal.throwIfAborted();
    const ordinal = this.index.findLast(matches, before);
    if (ordinal === undefined) return undefined;
    return { entry: trusted(this.index.entryAt(ordinal)), ordinal };
  }

  /** Every frame, proved: `entry` sees all entries in order and keeps none, `problem` what is wrong with a frame. */
  async readAll(work: ReadAllWork): Promise<void> {
    const jobs = function* (sections: Iterable<Section>): Generator<ReadJob> {
      for (const { frame, entries, slice } of sections) {
        for (const entry of entries) work.entry(trusted(entry));
        if (!slice) yield { frame: frame.number };
        else if (isMap(slice)) yield { frame: frame.number, mapOf: slice.entry };
        else yield { frame: frame.number, slice: placed(slice, '') };
      }
    };
    await using readers = this.#readers();
    const sections = sectionsOf(sharedIndex(this.#opened.shared, { freesPages: true }));
    await readBatches(readers, this.#batches(jobs(sections), BATCH_BYTES), work);
  }

  writerTo(target: WriteTarget): PlanWriter {
    const readers = this.#readers(target);
    return {
      write: (work) => this.#writeFiles(readers, work, target),
      [Symbol.asyncDispose]: () => readers[Symbol.asyncDispose](),
    };
  }

  async #writeFiles(readers: Readers, work: FileWork, target: WriteTarget): Promise<Refused> {
    const large = new Map<BytePath, IndexEntry>();
    const jobs = this.#writeJobs(work, target, large);
    const metadata = new MetadataWriter(target);
    const done = ({ files, bytes, refused }: ReadResult): void => {
      addRefused(metadata.refused, refused ?? {});
      work.written(files, bytes);
    };
    const { capacity } = readers;
    const read = async (batch: ReadJob[]): Promise<ReadResult> => {
      await this.#arrived(batch);
      work.signal.throwIfAborted();
      return readers.read(batch);
    };
    const batches = this.#batches(jobs, FILE_BATCH_BYTES);
    await readBatches({ capacity, read }, batches, { signal: work.signal, done });
    for (const [path, entry] of large) {
      finishLarge(target.root, path, entry, metadata);
      work.written(1, 0);
    }
    return metadata.refused;
  }

  /** Of an archive that is coming nothing else proves what the index says of the rest: every header is read. */
  *#writeJobs(
    { plan, written }: FileWork,
    { root }: WriteTarget,
    large: Map<BytePath, IndexEntry>,
  ): Generator<ReadJob> {
    let map: SparseMap | undefined;
    const whole = plan.isWhole ? this.#filled : undefined;
    for (const { frame, entries, firstEntry, slice } of sectionsOf(this.index, whole)) {
      if (whole?.has(frame.number)) {
        yield { frame: frame.number };
        continue;
      }
      if (slice) {
        const path = plan.destination(slice.ordinal, slice.entry.path);
        if (path === undefined) continue;
        if (slice.offset === 0) {
          makeLarge(root, path, slice.entry);
          large.set(path, slice.entry);
          map = isMap(slice) ? this.#mapIn(frame, slice.entry) : undefined;
          if (map) {
            written(0, slice.length);
            continue;
          }
        }
        yield { frame: frame.number, slice: placed(slice, path, map) };
        continue;
      }
      const moved: NonNullable<ReadJob['moved']> = [];
      let wanted = 0;
      entries.forEach((entry, at) => {
        if (entry.type !== 'file') return;
        const path = plan.destination(firstEntry + at, entry.path);
        if (path !== undefined) wanted++;
        if (path !== entry.path) moved.push([at, path]);
      });
      if (wanted > 0 || this.#how.arrival) yield { frame: frame.number, moved };
    }
  }

  #readers(target?: WriteTarget): Readers {
    const shared: ReadShared = {
      archive: this.archive.fd,
      index: this.#opened.shared,
      engine: this.#how.engine,
      ...(target && { target }),
    };
    return openReaders(shared, { frames: this.index.frameCount, threads: this.#how.threads });
  }

  async #arrived(batch: readonly ReadJob[]): Promise<void> {
    const { arrival } = this.#how;
    if (arrival === undefined) return;
    await arrival.until(Math.max(...batch.map(({ frame }) => endOf(this.index.frame(frame)))));
  }

  #batches(jobs: Iterable<ReadJob>, fileBytes: number): Generator<ReadJob[]> {
    return batchesOf(jobs, ({ frame }) => this.index.frame(frame).rawLength, fileBytes);
  }

  #mapIn(frame: IndexFrame, entry: IndexEntry): SparseMap {
    return sparseMapOf(readFrame(this.origin, frame, []).raw, entry);
  }

  get origin(): FrameOrigin {
    return { archive: this.archive.fd, codec: this.codec, engine: this.#how.engine };
  }

  async checkMaps(plan: ExtractPlan, signal: AbortSignal): Promise<void> {
    if (this.index.facts.needs?.includes('holes') !== true) return;
    for (const { frame, slice } of sectionsOf(this.index)) {
      if (!slice || !isMap(slice) || plan.destination(slice.ordinal, slice.entry.path) === undefined)
        continue;
      await pause(signal);
      await this.#how.arrival?.until(endOf(frame));
      this.#mapIn(frame, slice.entry);
    }
  }

  /** Each frame is proved before its bytes are handed out. */
  async *members(wanted: Wanted, signal: AbortSignal): AsyncGenerator<ArchiveEntry | Buffer> {
    /** the file whose slices are handed out */
    let open: number | undefined;
    for (const { frame, entries, firstEntry, slice } of sectionsOf(this.index)) {
      await pause(signal);
      if (slice) {
        if (slice.ordinal === open) yield readFrame(this.origin, frame, []).raw.subarray(0, slice.length);
        continue;
      }
      const members = entries.map((entry, at) => wanted(trusted(entry), firstEntry + at));
      open = members.at(-1) && firstEntry + entries.length - 1;
      if (members.every((member) => member === undefined)) continue;
      const { raw } = readFrame(this.origin, frame, entries);
      for (const [at, member] of members.entries()) {
        const { sliced, dataOffset, size } = entries[at]!;
        if (member === undefined) continue;
        yield member;
        if (size > 0 && !sliced) yield raw.subarray(dataOffset, dataOffset + size);
      }
    }
  }

  /** Each frame is proved before its bytes are handed out. */
  async *pieces(ordinal: number, signal: AbortSignal): AsyncGenerator<FilePiece> {
    const frame = this.index.frame(this.index.frameOfEntry(ordinal));
    const entries = this.index.entriesOf(frame.number);
    const entry = entries[ordinal - frame.firstEntry]!;
    const { raw } = readFrame(this.origin, frame, entries);
    if (!entry.sliced) {
      const bytes = raw.subarray(entry.dataOffset, entry.dataOffset + entry.size);
      return yield { offset: 0, bytes };
    }
    const stored = slicesAfter(this.index, frame.number, storedSizeOf(entry));
    const map = entry.storedSize === undefined ? undefined : this.#mapIn(stored.next().value!.frame, entry);
    for (const { frame: slice, position, length } of stored) {
      await pause(signal);
      const bytes = readFrame(this.origin, slice, []).raw.subarray(0, length);
      if (!map) yield { offset: position, bytes };
      else {
        const pieces: FilePiece[] = [];
        map.place(bytes, (part, offset) => pieces.push({ offset, bytes: part }));
        yield* pieces;
      }
    }
  }
}

export interface ReadAllWork {
  signal: AbortSignal;
  entry(entry: ArchiveEntry): void;
  done(result: ReadResult): void;
  problem(cause: unknown): void;
}

function placed(
  { entry, offset, length }: FileSlice,
  path: BytePath,
  map?: SparseMap,
): NonNullable<ReadJob['slice']> {
  return { path, offset, length, sparse: entry.sparse, ...(map && { parts: [...map.take(length)] }) };
}

const endOf = ({ offset, length }: IndexFrame): number => offset + length;

export const isMap = ({ entry, offset }: FileSlice): boolean =>
  entry.storedSize !== undefined && offset === 0;

/** The length of a file with holes is set at once: a file system that takes no such file says so before it is filled. */
function makeLarge(root: number, path: BytePath, { sparse, size }: IndexEntry): void {
  const fd = createFile(root, path);
  try {
    if (sparse) setLength(fd, path, size);
  } finally {
    closeSync(fd);
  }
}

function finishLarge(root: number, path: BytePath, entry: IndexEntry, metadata: MetadataWriter): void {
  const fd = reopenFile(root, path);
  try {
    metadata.setFile(fd, entry, PART_MODE);
  } finally {
    closeSync(fd);
  }
}
