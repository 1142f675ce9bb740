/**
 * A damaged archive as the files in it that prove right, each by itself: by its SHA-256 in the index, a big file by the
 * digests of all its slices. The index has a checksum of its own, so attributes, directories and links are those of it.
 */
import { hash } from 'node:crypto';
import {
  type ArchiveEntry,
  BackupError,
  type BytePath,
  displayPath,
  isErrno,
  type Ports,
} from '@gofr-backup/model';
import { type Section, sectionsOf } from '../index/sections.ts';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import { damaged } from '../refusals.ts';
import type { ArchiveProblem } from '../types.ts';
import { readFrame } from './frame-reader.ts';
import { salvageFrame } from './frame-salvage.ts';
import { trusted } from './trusted-entry.ts';
import { type IndexedSource, isMap } from './indexed-source.ts';
import { sparseMapOf } from './sparse-map.ts';
import type { SparseMap } from '../tar/sparse.ts';
import { type EntrySink, SequentialSource } from './sequential-source.ts';

const LOST = 'its content is damaged';

export class SalvagedSource extends SequentialSource {
  readonly #indexed: IndexedSource;
  /** ordinals in the index of the entries that are left out */
  readonly #lost = new Set<number>();
  readonly #problems: ArchiveProblem[] = [];

  private constructor(indexed: IndexedSource) {
    super();
    this.#indexed = indexed;
  }

  /** Reads all of the archive. */
  static async prove(
    indexed: IndexedSource,
    { signal, progress }: Pick<Ports, 'signal' | 'progress'>,
  ): Promise<SalvagedSource> {
    const source = new SalvagedSource(indexed);
    const done = { files: 0, bytes: 0 };
    for await (const { ordinal, entry, content } of source.#contents(signal)) {
      if (content === undefined) source.#lose(ordinal, entry, LOST);
      else done.bytes += content.length;
      if (ordinal >= done.files) done.files = ordinal + 1;
      progress({ phase: 'verify', ...done });
    }
    source.#loseLinks();
    return source;
  }

  get codec() {
    return this.#indexed.codec;
  }
  get size() {
    return this.#indexed.size;
  }
  /** Every entry that is left out, by name. */
  get lost(): readonly ArchiveProblem[] {
    return this.#problems;
  }

  async *entries(signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
    let ordinal = 0;
    for await (const entry of this.#indexed.entries(signal)) if (!this.#lost.has(ordinal++)) yield entry;
  }

  /** What was proved is proved again: the archive may have changed since. */
  async *read(sink: EntrySink, { signal }: { signal: AbortSignal }): AsyncGenerator<number> {
    let next = 0;
    let handed = 0;
    let at = 0;
    let open: SparseMap | undefined;
    const hand = (upTo: number): void => {
      for (const entry of this.#between(next, upTo)) sink.entry(entry, handed++);
      next = upTo;
    };
    for await (const { ordinal, content, map } of this.#contents(signal)) {
      if (this.#lost.has(ordinal)) continue;
      if (content === undefined)
        throw damaged('The archive changed while it was read.', 'A file was whole before.');
      if (ordinal >= next) {
        hand(ordinal + 1);
        at = 0;
        open = map;
      }
      if (map) sink.map?.(map);
      else if (open) open.place(content, (part, offset) => sink.data(part, offset));
      else sink.data(content, at);
      at += content.length;
      yield content.length;
    }
    hand(this.#indexed.index.entryCount);
    yield 0;
  }

  /** The entries that are left, of the ordinals from `first` to before `end`. */
  *#between(first: number, end: number): Generator<ArchiveEntry> {
    const { index } = this.#indexed;
    for (let ordinal = first; ordinal < end; ordinal++)
      if (!this.#lost.has(ordinal)) yield trusted(index.entryAt(ordinal));
  }

  #lose(ordinal: number, { path }: IndexEntry, message: string): void {
    if (this.#lost.has(ordinal)) return;
    this.#lost.add(ordinal);
    this.#problems.push({ path: displayPath(path), message });
  }

  /** A hard link to a file that is lost is lost, and a chain of them. */
  #loseLinks(): void {
    if (this.#lost.size === 0) return;
    const gone = new Set<BytePath>();
    let ordinal = 0;
    for (const entry of this.#indexed.index.entries()) {
      if (entry.type === 'hardlink' && gone.has(entry.linkTarget!))
        this.#lose(ordinal, entry, 'the file that it is another name of is lost');
      if (this.#lost.has(ordinal)) gone.add(entry.path);
      else gone.delete(entry.path);
      ordinal++;
    }
  }

  /** Pieces of the content of all files, in archive order; undefined where it does not prove right. */
  async *#contents(signal: AbortSignal): AsyncGenerator<Piece> {
    for (const section of sectionsOf(this.#indexed.index)) {
      signal.throwIfAborted();
      if (section.slice) {
        const { entry, ordinal, length } = section.slice;
        const content = this.#proven(section.frame, [])?.subarray(0, length);
        const map = isMap(section.slice) && content ? provenMap(content, entry) : undefined;
        yield { entry, ordinal, content: isMap(section.slice) && !map ? undefined : content, map };
      } else if (section.entries.some(({ type, sliced }) => type === 'file' && !sliced))
        yield* this.#files(section);
    }
  }

  async *#files({ frame, entries, firstEntry }: Section): AsyncGenerator<Piece> {
    const { archive, codec } = this.#indexed;
    const raw = this.#proven(frame, entries) ?? (await salvageFrame(archive.fd, codec, frame));
    for (const [at, entry] of entries.entries()) {
      if (entry.type !== 'file' || entry.sliced) continue;
      const { dataOffset, size } = entry;
      const content = raw.subarray(dataOffset, dataOffset + size);
      yield { entry, ordinal: firstEntry + at, content: isProven(content, entry) ? content : undefined };
    }
  }

  /** The raw bytes of a whole frame; undefined when it is damaged. */
  #proven(frame: IndexFrame, entries: readonly IndexEntry[]): Buffer | undefined {
    try {
      return readFrame(this.#indexed.origin, frame, entries).raw;
    } catch (cause) {
      if (!(cause instanceof BackupError && isErrno(cause, 'ARCHIVE_DAMAGED'))) throw cause;
      return undefined;
    }
  }
}

interface Piece {
  entry: IndexEntry;
  ordinal: number;
  content: Buffer | undefined;
  /** the content is this map of a file with holes */
  map?: SparseMap | undefined;
}

function provenMap(content: Buffer, entry: IndexEntry): SparseMap | undefined {
  try {
    return sparseMapOf(content, entry);
  } catch (cause) {
    if (!(cause instanceof BackupError)) throw cause;
    return undefined;
  }
}

const isProven = (content: Buffer, { size, hash: expected }: IndexEntry): boolean =>
  content.length === size && (size === 0 || (expected?.equals(hash('sha256', content, 'buffer')) ?? false));
