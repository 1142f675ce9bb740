/** Writes an index file as the archive grows: memory stays at one page and the frame table. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import { writeWhole } from '@gofr-backup/posix';
import { ColumnWriter } from '../columns.ts';
import { FRAME_KINDS, type IndexFacts, type IndexFrame, REUSABLE } from './types.ts';
import { END_MAGIC, MAGIC } from './footer.ts';
import { type PagedEntry, PageWriter } from './page.ts';

const PAGE_ENTRIES = 512;

/** The facts about a frame when it is written. Its place follows from the frames before it. */
export type WrittenFrame = Pick<
  IndexFrame,
  'kind' | 'length' | 'rawLength' | 'crc32' | 'digest' | 'reusable'
>;

/** Frames must be added in archive order, each with all its entries. */
export class IndexWriter {
  #file: FileHandle;
  #hash = createHash('sha256');
  #at = 0;
  #page = new PageWriter();
  #pageFrames = 0;
  #pages = new ColumnWriter();
  #pageCount = 0;
  #frames = new ColumnWriter();
  #digests = new ColumnWriter();
  #frameCount = 0;
  #needs = new Set<string>();

  /** `file` is empty and open for writing; the caller syncs and closes it. */
  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(frame: WrittenFrame, entries: readonly PagedEntry[]): Promise<void> {
    this.#frames.byte(FRAME_KINDS.indexOf(frame.kind) | (frame.reusable ? REUSABLE : 0));
    this.#frames.varint(frame.length);
    this.#frames.varint(frame.rawLength);
    this.#frames.varint(entries.length);
    this.#frames.uint32(frame.crc32);
    this.#digests.raw(frame.digest);
    this.#frameCount++;
    this.#pageFrames++;
    for (const entry of entries) {
      this.#page.add(entry);
      if (entry.storedSize !== undefined) this.#needs.add('holes');
    }
    if (this.#page.count >= PAGE_ENTRIES) await this.#closePage();
  }

  async finish(facts: IndexFacts): Promise<void> {
    await this.#closePage();
    const needs = [...this.#needs.union(new Set(facts.needs))];
    const footer = this.#footer(needs.length === 0 ? facts : { ...facts, needs });
    const packed = zstdCompressSync(footer, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    await this.#write(packed);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(packed.length, 0);
    trailer.writeUInt32LE(footer.length, 4);
    const end = Buffer.concat([trailer, this.#hash.digest(), Buffer.from(END_MAGIC, 'latin1')]);
    await writeWhole(this.#file, end, this.#at);
  }

  async #closePage(): Promise<void> {
    const { columns, rawLength, hashes } = this.#page.finish();
    this.#pages.varint(this.#pageFrames);
    this.#pages.varint(this.#page.count);
    this.#pages.varint(columns.length);
    this.#pages.varint(rawLength);
    this.#pages.varint(hashes.length / 32);
    this.#pageCount++;
    this.#pageFrames = 0;
    await this.#write(columns);
    await this.#write(hashes);
    this.#page.clear();
  }

  #footer(facts: IndexFacts): Buffer {
    const footer = new ColumnWriter();
    const text = JSON.stringify(facts);
    footer.varint(text.length);
    footer.latin1(text);
    footer.varint(this.#frameCount);
    footer.raw(this.#frames.view());
    footer.raw(this.#digests.view());
    footer.varint(this.#pageCount);
    footer.raw(this.#pages.view());
    return footer.view();
  }

  async #write(bytes: Buffer): Promise<void> {
    const whole = this.#at === 0 ? Buffer.concat([Buffer.from(MAGIC, 'latin1'), bytes]) : bytes;
    this.#hash.update(whole);
    await writeWhole(this.#file, whole, this.#at);
    this.#at += whole.length;
  }
}
