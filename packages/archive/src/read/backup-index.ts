/** What an archive holds, told by its index alone: the archive itself is not opened. */
import { createHash } from 'node:crypto';
import { type ArchiveEntry, storedSizeOf } from '@gofr-backup/model';
import type { ArchiveIndex } from '../index/file.ts';
import type { PathSearch } from '../index/path-search.ts';
import { damagedIndex, slicesAfter } from '../index/sections.ts';
import type { IndexEntry } from '../index/types.ts';
import { loadIndex } from '../index/whole-index.ts';
import { trusted } from './trusted-entry.ts';

/** An entry, and for a file what tells its content from another. */
export interface KnownEntry extends ArchiveEntry {
  /** equal for files of equal content; absent where only the archive could tell */
  content?: string;
}

/** What the index must say of its archive. */
export interface IndexedAs {
  size: number;
  sha256?: string;
}

export class BackupIndex {
  readonly #index: ArchiveIndex;

  private constructor(index: ArchiveIndex) {
    this.#index = index;
  }

  /** Throws ARCHIVE_DAMAGED when the file is no index, or the index of another archive. Errors of the system are passed on. */
  static async load(indexPath: string, { size, sha256 }: IndexedAs): Promise<BackupIndex> {
    const index = await loadIndex(indexPath);
    const { archiveSize, archiveSha256 } = index.facts;
    if (archiveSize !== size || archiveSha256 !== (sha256 ?? archiveSha256))
      throw damagedIndex('It is the index of another archive.');
    return new BackupIndex(index);
  }

  *entries(): Generator<KnownEntry> {
    for (const entry of this.#index.entries()) yield this.#known(entry);
  }

  /** The entries whose paths match. Throws ARCHIVE_DAMAGED, and ARCHIVE_HOSTILE for a name that no archive may have. */
  *matching(search: PathSearch): Generator<KnownEntry> {
    for (const entry of this.#index.matching(search)) yield this.#known(entry);
  }

  /**
   * The entries that the other index may not have as they are here. Frames that both have are left out; a name that an
   * archive holds twice would be told wrongly then, and only a walk of this program makes none.
   */
  *entriesBeside(other: BackupIndex): Generator<KnownEntry> {
    if (!this.#isOfAWalk || !other.#isOfAWalk) return yield* this.entries();
    const shared = new Set([...other.#index.frames()].map(digestText));
    for (const frame of this.#index.frames()) {
      if (frame.entryCount === 0) continue;
      const next =
        frame.number + 1 < this.#index.frameCount ? this.#index.frame(frame.number + 1) : undefined;
      if (next?.kind !== 'slice' && shared.has(digestText(frame))) continue;
      for (const entry of this.#index.entriesOf(frame.number)) yield this.#known(entry);
    }
  }

  get #isOfAWalk(): boolean {
    return this.#index.facts.walkStartNs !== '0';
  }

  #known(entry: IndexEntry): KnownEntry {
    const known: KnownEntry = trusted(entry);
    const content = entry.sliced ? this.#slices(entry) : (entry.hash?.toString('hex') ?? emptyOf(entry));
    if (content !== undefined) known.content = content;
    return known;
  }

  /** The content of a file in slices: each is a frame, whose digest is that of its bytes. */
  #slices(entry: IndexEntry): string {
    const digests = createHash('sha256');
    for (const slice of slicesAfter(this.#index, entry.frame, storedSizeOf(entry)))
      digests.update(slice.frame.digest);
    return `slices ${digests.digest('hex')}`;
  }
}

const digestText = ({ digest }: { digest: Buffer }): string => digest.toString('latin1');

const emptyOf = ({ type, size }: IndexEntry): string | undefined =>
  type === 'file' && size === 0 ? createHash('sha256').digest('hex') : undefined;
