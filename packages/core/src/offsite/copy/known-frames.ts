/** What the store has already: frames of earlier copies, by the bytes that are stored. */
import type { FileHandle } from 'node:fs/promises';
import { openRegular, readWhole } from '@gofr-backup/posix';
import { hash } from 'node:crypto';
import type { Logger } from '@gofr-backup/model';
import type { Cache } from '../cache/cache.ts';
import type { FrameTable } from '../cache/frame-table.ts';
import type { KnownCopy } from '../cache/known-copy.ts';
import { pendingCopies } from '../cache/pending.ts';
import type { CopyName } from '../layout.ts';
import type { Extent } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';

/** Earlier copies that are looked through, besides those that did not end. */
const COPIES = 3;
/** Old frames on each side of the place where the old version of a frame is expected. */
const AROUND = 1;

/** Where bytes lie in a pack that the store has. */
export interface KnownSpan {
  pack: Pack;
  offset: number;
  length: number;
}

interface LocalCopy {
  copy: KnownCopy;
  archive: FileHandle;
}

/** Whether spans of this pack may be used again. */
export type Usable = (pack: Pack) => boolean;

export class KnownFrames implements AsyncDisposable {
  readonly #copies: readonly KnownCopy[];
  readonly #usable: Usable;
  /** the newest copy whose archive is still here */
  readonly #local: LocalCopy | undefined;
  /** the frame of it at which the next changed frame's old version is expected */
  #expected = 0;

  private constructor(copies: readonly KnownCopy[], usable: Usable, local: LocalCopy | undefined) {
    this.#copies = copies;
    this.#usable = usable;
    this.#local = local;
  }

  /** `archiveOf`: where an archive that was copied lies, or lay. */
  static async open(
    cache: Cache,
    { usable, archiveOf, logger }: { usable: Usable; archiveOf: (copy: CopyName) => string; logger: Logger },
  ): Promise<KnownFrames> {
    const copies = await pendingCopies(cache);
    let local: LocalCopy | undefined;
    for (const copy of (await cache.copies()).slice(0, COPIES)) {
      const known = await cache.known(copy);
      if (known === undefined) {
        logger.warn({ copy: copy.filename }, 'what was known of an earlier copy is lost: more is sent');
        continue;
      }
      copies.push(known);
      const archive = local ? undefined : await openRegular(archiveOf(copy)).catch(() => undefined);
      if (archive) local = { copy: known, archive };
    }
    return new KnownFrames(copies, usable, local);
  }

  /** The spans with a frame of these very bytes. */
  find(sha256: Buffer, length: number): KnownSpan[] | undefined {
    for (const copy of this.#copies) {
      const number = copy.frames.find(sha256, length);
      if (number === undefined) continue;
      const spans = this.#spansOf(copy, copy.frames.frame(number).offset, length);
      if (spans === undefined) continue;
      if (copy === this.#local?.copy) this.#expected = number + 1;
      return spans;
    }
    return undefined;
  }

  /** The stored bytes in which the old version of a changed frame is expected; proved to be what was copied. */
  async oldVersion(): Promise<{ bytes: Buffer; from: number } | undefined> {
    if (this.#local === undefined) return undefined;
    const { frames } = this.#local.copy;
    const first = Math.max(0, this.#expected - AROUND);
    const last = Math.min(frames.count - 1, this.#expected + AROUND);
    if (first > last) return undefined;
    const from = frames.frame(first).offset;
    const end = frames.frame(last).offset + frames.frame(last).length;
    const bytes = Buffer.allocUnsafe(end - from);
    const read = await readWhole(this.#local.archive, bytes, from);
    return read === bytes.length && proved(frames, first, last, bytes) ? { bytes, from } : undefined;
  }

  /** Where a part of the old version lies; `at`: in the old archive. */
  oldSpans(at: number, length: number): KnownSpan[] | undefined {
    return this.#local && this.#spansOf(this.#local.copy, at, length);
  }

  /** The changed frame's old version ended at `at`; undefined: none was found. */
  passed(at: number | undefined): void {
    const frames = this.#local?.copy.frames;
    if (frames === undefined) return;
    if (at === undefined) this.#expected = Math.min(this.#expected + 1, frames.count);
    else while (this.#expected < frames.count && frames.frame(this.#expected).offset < at) this.#expected++;
  }

  #spansOf(copy: KnownCopy, at: number, length: number): KnownSpan[] | undefined {
    const spans: KnownSpan[] = [];
    for (const { pack, offset, length: part } of copy.extents.within(at, length)) {
      if (!this.#usable(copy.packs[pack]!)) return undefined;
      spans.push({ pack: copy.packs[pack]!, offset, length: part });
    }
    return spans;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#local?.archive.close();
  }
}

function proved(frames: FrameTable, first: number, last: number, bytes: Buffer): boolean {
  let at = 0;
  for (let number = first; number <= last; number++) {
    const { length, sha256 } = frames.frame(number);
    if (!hash('sha256', bytes.subarray(at, at + length), 'buffer').equals(sha256)) return false;
    at += length;
  }
  return true;
}

/** Packs by name, so that a recipe lists each once. */
export class PackNumbers {
  readonly #numbers = new Map<string, number>();
  readonly packs: Pack[];

  constructor(packs: Pack[]) {
    this.packs = packs;
  }

  extent({ pack, offset, length }: KnownSpan): Extent {
    let number = this.#numbers.get(pack.sha256);
    if (number === undefined) {
      number = this.packs.push({ ...pack }) - 1;
      this.#numbers.set(pack.sha256, number);
    }
    return { pack: number, offset, length };
  }
}
