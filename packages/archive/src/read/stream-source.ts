/** An archive read from its beginning to its end: of any tool, and of ours when its index is lost. */
import type { FileHandle } from 'node:fs/promises';
import type { ArchiveEntry, Compression } from '@gofr-backup/model';
import { archiveEntryOf } from '../extract/safety.ts';
import { TarParser, type TarSink } from '../tar/parser.ts';
import { type EntrySink, SequentialSource } from './sequential-source.ts';
import { decodeStream, type StreamOptions } from './stream-decoder.ts';

/** The most entries that are kept after the first reading, so that the archive need not be decompressed again. */
const KEPT_ENTRIES = 100_000;

export class StreamSource extends SequentialSource {
  readonly codec: Compression;
  readonly size: number;
  readonly #archive: FileHandle;
  #kept: readonly ArchiveEntry[] | undefined;

  constructor(archive: FileHandle, codec: Compression, size: number) {
    super();
    this.#archive = archive;
    this.codec = codec;
    this.size = size;
  }

  /** The first call decodes the whole archive. Reaching the end without an error proves that the archive is whole. */
  async *entries(signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
    if (this.#kept) return yield* this.#kept;
    const batch: ArchiveEntry[] = [];
    const sink: EntrySink = { entry: (entry) => batch.push(entry), data() {} };
    for await (const _ of this.read(sink, { signal })) yield* batch.splice(0);
  }

  /**
   * Decodes everything into `sink`; yields after every piece of the stream, with its length. What was read to its end is
   * not decoded again for its entries, unless they are too many to be kept.
   */
  async *read(sink: EntrySink, options: StreamOptions): AsyncGenerator<number> {
    let ordinal = 0;
    let kept: ArchiveEntry[] | undefined = this.#kept ? undefined : [];
    const members: TarSink = {
      member(member) {
        const entry = archiveEntryOf(member);
        if (!entry) return;
        if (kept && kept.push(entry) > KEPT_ENTRIES) kept = undefined;
        sink.entry(entry, ordinal++);
      },
      map: (map) => sink.map?.(map),
      data: (bytes, offset) => sink.data(bytes, offset),
    };
    const parser = new TarParser(members);
    for await (const piece of decodeStream(this.#archive, this.codec, options)) {
      parser.push(piece);
      yield piece.length;
    }
    parser.end();
    this.#kept ??= kept;
  }
}
