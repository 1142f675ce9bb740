/** A source that is read from its beginning to its end: whatever is asked of it is taken out of that one pass. */
import { closeSync } from 'node:fs';
import { type ArchiveEntry, type BytePath, type Compression, storedSizeOf } from '@gofr-backup/model';
import type {
  EntrySource,
  FileWork,
  FoundEntry,
  PlanWriter,
  Wanted,
  WriteTarget,
} from '../extract/entry-source.ts';
import { createFile, PART_MODE, setLength, writeAt, writeSparseAt } from '../extract/file-writer.ts';
import { MetadataWriter } from '../extract/metadata.ts';
import type { Refused } from '../extract/refused.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import { damaged } from '../refusals.ts';
import type { SparseMap } from '../tar/sparse.ts';
import { sparseMapBlocks } from '../tar/sparse-blocks.ts';
import type { FilePiece } from '../types.ts';

export interface EntrySink {
  entry(entry: ArchiveEntry, ordinal: number): void;
  /** of the last entry, when it has a stored size */
  map?(map: SparseMap): void;
  data(bytes: Buffer, offset: number): void;
}

export abstract class SequentialSource implements EntrySource {
  abstract readonly codec: Compression;
  abstract readonly size: number;
  abstract entries(signal: AbortSignal): AsyncGenerator<ArchiveEntry>;
  /** Gives everything to `sink`, in order; yields after every piece, with its length. */
  abstract read(sink: EntrySink, options: { signal: AbortSignal }): AsyncGenerator<number>;

  async find(
    matches: (path: BytePath) => boolean,
    signal: AbortSignal,
    before = Infinity,
  ): Promise<FoundEntry | undefined> {
    let ordinal = 0;
    let found: FoundEntry | undefined;
    for await (const entry of this.entries(signal)) {
      if (ordinal < before && matches(entry.path)) found = { entry, ordinal };
      ordinal++;
    }
    return found;
  }

  writerTo(target: WriteTarget): PlanWriter {
    return { write: (work) => this.#writeFiles(work, target), [Symbol.asyncDispose]: async () => {} };
  }

  async #writeFiles(work: FileWork, target: WriteTarget): Promise<Refused> {
    const writer = new StreamFileWriter(work, target);
    try {
      for await (const _ of this.read(writer, { signal: work.signal })) writer.report();
      writer.finish();
      writer.report();
    } finally {
      writer.abandon();
    }
    if (writer.total !== work.plan.files)
      throw damaged('The archive changed while it was read.', 'It has other files than before.');
    return writer.refused;
  }

  async *members(wanted: Wanted, signal: AbortSignal): AsyncGenerator<ArchiveEntry | Buffer> {
    const sink = new MemberSink(wanted);
    for await (const _ of this.read(sink, { signal })) yield* sink.taken();
    sink.finish();
    yield* sink.taken();
  }

  async *pieces(ordinal: number, signal: AbortSignal): AsyncGenerator<FilePiece> {
    const pieces: FilePiece[] = [];
    let open: ArchiveEntry | undefined;
    let complete = false;
    const sink: EntrySink = {
      entry(entry, number) {
        complete = number > ordinal || (number === ordinal && entry.size === 0);
        open = number === ordinal ? entry : undefined;
      },
      data(bytes, offset) {
        if (open === undefined) return;
        pieces.push({ offset, bytes: Buffer.from(bytes) });
        complete = offset + bytes.length === open.size;
      },
    };
    for await (const _ of this.read(sink, { signal })) {
      yield* pieces.splice(0);
      // nothing is decoded behind it
      if (complete) return;
    }
  }

  /** The pass over all entries has seen every map. */
  async checkMaps(): Promise<void> {}
}

/** Keeps what is wanted of a piece of the stream; a number is the length of a hole. */
class MemberSink implements EntrySink {
  readonly #wanted: Wanted;
  #parts: (ArchiveEntry | Buffer | number)[] = [];
  /** bytes of the open file: all, and how many came */
  #size = 0;
  #at = 0;
  #open = false;
  /** a file that is handed on without its holes: its header waits for the map */
  #mapped: ArchiveEntry | undefined;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  entry(entry: ArchiveEntry, ordinal: number): void {
    this.finish();
    const member = this.#wanted(entry, ordinal);
    this.#open = member !== undefined;
    this.#mapped = member?.storedSize === undefined ? undefined : member;
    if (member === undefined) return;
    if (this.#mapped === undefined) this.#parts.push(member);
    [this.#size, this.#at] = [entry.size, 0];
  }

  map({ parts }: SparseMap): void {
    if (this.#mapped === undefined) return;
    const blocks = sparseMapBlocks(parts, this.#size);
    const storedSize = parts.reduce((sum, { length }) => sum + length, blocks.length);
    this.#parts.push({ ...this.#mapped, storedSize }, blocks);
  }

  data(bytes: Buffer, offset: number): void {
    if (!this.#open) return;
    if (offset > this.#at && this.#mapped === undefined) this.#parts.push(offset - this.#at);
    this.#parts.push(Buffer.from(bytes));
    this.#at = offset + bytes.length;
  }

  /** The file before is complete. */
  finish(): void {
    if (this.#open && this.#mapped === undefined && this.#at < this.#size)
      this.#parts.push(this.#size - this.#at);
    this.#open = false;
  }

  *taken(): Generator<ArchiveEntry | Buffer> {
    const parts = this.#parts;
    this.#parts = [];
    for (const part of parts) yield* typeof part === 'number' ? zeros(part) : [part];
  }
}

export function* zeros(length: number): Generator<Buffer> {
  const block = Buffer.alloc(Math.min(length, 1 << 16));
  for (let left = length; left > 0; left -= block.length) yield block.subarray(0, left);
}

/**
 * Small holes stand in the archive as zeros, and only the index tells of them. Without an index, zeros in a large file are
 * taken for holes.
 */
export function mayHaveHoles({ sparse, size }: Pick<ArchiveEntry, 'sparse' | 'size'>): boolean {
  return sparse === true || size > SLICE_BYTES;
}

/** Writes the files of the plan one after the other, as the stream brings them. */
class StreamFileWriter implements EntrySink {
  total = 0;
  readonly #work: FileWork;
  readonly #root: number;
  readonly #metadata: MetadataWriter;
  /** `left`: bytes of the stored content that were not written yet */
  #open: { fd: number; entry: ArchiveEntry; left: number } | undefined;
  #files = 0;
  #bytes = 0;

  constructor(work: FileWork, target: WriteTarget) {
    this.#work = work;
    this.#root = target.root;
    this.#metadata = new MetadataWriter(target);
  }

  entry(entry: ArchiveEntry, ordinal: number): void {
    this.finish();
    if (entry.type !== 'file') return;
    const path: BytePath | undefined = this.#work.plan.destination(ordinal, entry.path);
    if (path === undefined) return;
    this.#open = { fd: createFile(this.#root, path), entry, left: storedSizeOf(entry) };
  }

  get refused(): Refused {
    return this.#metadata.refused;
  }

  data(bytes: Buffer, offset: number): void {
    if (!this.#open) return;
    const { storedSize } = this.#open.entry;
    if (storedSize === undefined && mayHaveHoles(this.#open.entry))
      writeSparseAt(this.#open.fd, bytes, offset);
    else writeAt(this.#open.fd, bytes, offset);
    this.#open.left -= bytes.length;
    this.#bytes += bytes.length;
  }

  /** The file before is complete. */
  finish(): void {
    if (!this.#open) return;
    const { fd, entry, left } = this.#open;
    // what is written nowhere: a map
    this.#bytes += left;
    if (mayHaveHoles(entry)) setLength(fd, entry.path, entry.size);
    this.#metadata.setFile(fd, entry, PART_MODE);
    this.#open = undefined;
    closeSync(fd);
    this.#files++;
    this.total++;
  }

  report(): void {
    if (this.#files > 0 || this.#bytes > 0) this.#work.written(this.#files, this.#bytes);
    this.#files = 0;
    this.#bytes = 0;
  }

  abandon(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }
}
