/**
 * The previous archive, as a source of finished frames. A frame is copied only when every entry in it is as the walk
 * sees it now. A defect of the previous archive or its index is no error: nothing is reused then.
 */
import type { FileHandle } from 'node:fs/promises';
import { type BytePath, type Codec, type Logger, storedSizeOf } from '@gofr-backup/model';
import { canSeekHoles, openRegular } from '@gofr-backup/posix';
import { MOST_RAW_BYTES } from '../index/sizes.ts';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import { SLOT_BYTES } from './arena.ts';
import { earlierSlices } from './holes/earlier-map.ts';
import type { HoledSlice } from '../index/holed-slices.ts';
import type { ProvedFrame } from './stored-frame.ts';
import { type PlannedParts, planParts, type Sameness } from './earlier-parts.ts';
import type { PlannedFrame } from './frames.ts';
import type { LinkedEntry } from './hard-links.ts';
import { type StoredSlices, storedSlices } from './stored-slices.ts';
import { type ArchiveIndex, type OpenedIndex, openIndex } from '../index/file.ts';
import { slicesAfter } from '../index/sections.ts';
import type { SliceSpan } from '../index/slices.ts';
import type { CreateArchiveOptions } from '../types.ts';
import type { WalkEntry } from '../source/source.ts';

const SECOND = 1_000_000_000n;
/** Clock ticks last 10 ms at most where times have fractions; a file system that keeps whole seconds may keep even ones. */
const FINE_GRANULARITY = SECOND / 50n;
const COARSE_GRANULARITY = 2n * SECOND;
/** How many frames after the last one found are searched, before all frames are indexed by their first entries. */
const NEARBY = 8;

/** A slice of a file, and the frame it is in the previous archive. */
export type StoredSlice = SliceSpan & { frame: IndexFrame };

/** The frames of the previous archive that correspond to a planned frame. */
export interface Predecessor {
  /** begins with the same name, or with the same file under another name */
  first: IndexFrame;
  /** the consecutive frames with the bytes of the planned frame; undefined when something in it has changed */
  unchanged?: IndexFrame[];
  /** of an unchanged file that is stored without its holes */
  storedSize?: number | undefined;
}

/** The frames, by the name of their first entry and by the inode of their first file. */
interface FirstEntries {
  byPath: Map<BytePath, number>;
  byInode: Map<number, number>;
}

const firstFile = <Entry extends Pick<WalkEntry, 'type' | 'ino'>>(
  entries: readonly Entry[],
): Entry | undefined => entries.find(({ type }) => type === 'file');

export class Previous {
  readonly index: ArchiveIndex;
  readonly archive: FileHandle;
  #opened: OpenedIndex;
  #walkStart: bigint;
  /** the frame after the last one found, which most likely is the next */
  #next = 0;
  #firstEntries: FirstEntries | undefined;
  #slices: StoredSlices | undefined;
  #xattrs: boolean;
  /** its entries have extended attributes, and these are not wanted, or the other way: each is read again */
  #otherXattrs: boolean;
  /** nobody looked for holes then: what may have some is read again */
  #missedHoles: boolean;

  private constructor(opened: OpenedIndex, archive: FileHandle, xattrs: boolean) {
    this.#xattrs = xattrs;
    this.#otherXattrs = (opened.index.facts.needs?.includes('xattrs') ?? false) !== xattrs;
    this.#missedHoles = canSeekHoles() && opened.index.facts.holesSought !== true;
    this.index = opened.index;
    this.archive = archive;
    this.#opened = opened;
    this.#walkStart = BigInt(opened.index.facts.walkStartNs);
  }

  static async open(
    previous: CreateArchiveOptions['previous'],
    codec: Codec,
    logger: Logger,
    xattrs = false,
  ): Promise<Previous | undefined> {
    if (previous === undefined) return undefined;
    let opened: OpenedIndex | undefined;
    let archive: FileHandle | undefined;
    try {
      opened = await openIndex(previous.indexPath);
      archive = await openRegular(previous.archivePath);
      const reason = mismatch(opened.index, codec, (await archive.stat()).size, previous.sha256);
      if (reason === undefined) return new Previous(opened, archive, xattrs);
      logger.info({ reason }, 'the previous archive is not reused');
    } catch (cause) {
      logger.warn({ reason: String(cause) }, 'the previous archive is not reused');
    }
    await opened?.close();
    await archive?.close();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#opened.close();
    await this.archive.close();
  }

  /** Undefined when no frame begins with its name, or has its first file. */
  find(planned: PlannedFrame): Predecessor | undefined {
    try {
      const first = this.#find(planned.entries);
      if (first === undefined) return undefined;
      this.#next = first.number + 1;
      if (!this.#unchanged(first, planned.entries)) return { first };
      const last = this.index.entriesOf(first.number).at(-1)!;
      const frames = [first, ...Array.from(this.#slicesAfter(last), ({ frame }) => frame)];
      if (!frames.every(({ reusable, length }) => reusable && length <= SLOT_BYTES)) return { first };
      // without its map, what is damaged of the rest could not be made from the source
      if (last.storedSize !== undefined) this.holedSlices(last);
      this.#next = first.number + frames.length;
      return { first, unchanged: frames, storedSize: last.storedSize };
    } catch {
      return undefined; // a page of the index is damaged, or a map in the archive
    }
  }

  /** The slices that a changed big file had. Threads find out whether their content is the same. */
  slicesOf(header: IndexFrame): StoredSlice[] {
    try {
      const before = this.index.entriesOf(header.number)[0];
      // slices of data between holes are found by their digests alone
      if (!before?.sliced || before.storedSize !== undefined) return [];
      const slices = [...this.#slicesAfter(before)];
      this.#next = before.frame + 1 + slices.length;
      return slices.every(({ frame }) => frame.length <= SLOT_BYTES) ? slices : [];
    } catch {
      return []; // the index is damaged
    }
  }

  /** Undefined where nothing is compressed: a slice is then read from its file. */
  storedSlices(): StoredSlices | undefined {
    if (this.index.facts.codec === 'none') return undefined;
    return (this.#slices ??= storedSlices(this.#opened.shared.table, this.archive.fd));
  }

  /** What the slices of a file without its holes hold. Throws when the map is damaged. */
  holedSlices(before: IndexEntry): HoledSlice[] {
    const archive = { fd: this.archive.fd, codec: this.index.facts.codec };
    return earlierSlices(archive, before, [...this.#slicesAfter(before)]);
  }

  #slicesAfter(before: IndexEntry): Iterable<StoredSlice> {
    return before.sliced ? slicesAfter(this.index, before.frame, storedSizeOf(before)) : [];
  }

  /** The facts by which a thread copies parts of a frame whose content is the same. */
  stored({ offset, length, crc32, rawLength, digest }: IndexFrame): ProvedFrame | undefined {
    if (length > SLOT_BYTES || rawLength > MOST_RAW_BYTES) return undefined;
    return { archiveFd: this.archive.fd, offset, length, crc32, rawLength, digest: new Uint8Array(digest) };
  }

  /** The frame that begins with the same name, or has the same first file: it, or a directory above it, may have another name by now. */
  #find(entries: readonly WalkEntry[]): IndexFrame | undefined {
    const number = this.#nearby(entries) ?? this.#anywhere(entries);
    return number === undefined ? undefined : this.index.frame(number);
  }

  /** Each frame is looked at once, because to look is to decode. Only the next is when all are known by their first entries. */
  #nearby(now: readonly WalkEntry[]): number | undefined {
    const count = this.#firstEntries === undefined ? NEARBY : 1;
    const last = Math.min(this.#next + count, this.index.frameCount);
    for (let number = this.#next; number < last; number++)
      if (beginsAlike(this.index.entriesOf(number), now)) return number;
    return undefined;
  }

  #anywhere(now: readonly WalkEntry[]): number | undefined {
    const { byPath, byInode } = this.#firsts();
    const file = firstFile(now);
    return byPath.get(now[0]!.path) ?? (file && byInode.get(file.ino));
  }

  /** Made once, and only when a frame is not where it is expected. */
  #firsts(): FirstEntries {
    if (this.#firstEntries !== undefined) return this.#firstEntries;
    const firsts: FirstEntries = { byPath: new Map(), byInode: new Map() };
    for (const { number } of this.index.frames()) {
      const entries = this.index.entriesOf(number);
      firsts.byPath.set(entries[0]?.path ?? '', number);
      const file = firstFile(entries);
      if (file !== undefined) firsts.byInode.set(file.ino, number);
    }
    return (this.#firstEntries = firsts);
  }

  /** What a planned frame that has changed has in common with the frame it follows. */
  partsOf(frame: IndexFrame, entries: readonly LinkedEntry[]): PlannedParts | undefined {
    try {
      const before = this.index.entriesOf(frame.number);
      if (frame.kind !== 'entries' || before[0]?.sliced) return undefined;
      return planParts(frame.rawLength, before, entries, frame.reusable ? this.#sameness : NOTHING_SAME);
    } catch {
      return undefined; // a page of the index is damaged
    }
  }

  #sameness: Sameness = {
    entry: (before, now) => !this.#otherXattrs && isUnchanged(before, now) && !this.#racy(before),
    content: (before, now) =>
      !this.#otherXattrs && !this.#xattrs && isSameContent(before, now) && !this.#racy(before),
  };

  #unchanged(frame: IndexFrame, now: WalkEntry[]): boolean {
    if (this.#otherXattrs || frame.kind !== 'entries' || frame.entryCount !== now.length) return false;
    const before = this.index.entriesOf(frame.number);
    return now.every(
      (entry, n) =>
        isUnchanged(before[n]!, entry) && !this.#racy(before[n]!) && !this.#mayHaveHoles(before[n]!, entry),
    );
  }

  #mayHaveHoles(before: IndexEntry, { hollow }: WalkEntry): boolean {
    return this.#missedHoles && hollow === true && before.storedSize === undefined;
  }

  /**
   * Whether the file changed so shortly before it was read that a later change may have the same time. A change after
   * the walk began is racy. So is a change in the clock tick before it, and a change dated in the future, before the
   * clock was set back.
   */
  #racy({ ctimeNs }: IndexEntry): boolean {
    const granularity = ctimeNs % SECOND === 0n ? COARSE_GRANULARITY : FINE_GRANULARITY;
    return ctimeNs === 0n || ctimeNs >= this.#walkStart - granularity;
  }
}

/** With the same name, or with the same first file. An inode alone may be that of a new file by now. */
function beginsAlike(before: readonly IndexEntry[], now: readonly WalkEntry[]): boolean {
  if (before[0]?.path === now[0]!.path) return true;
  const [file, fileNow] = [firstFile(before), firstFile(now)];
  if (file === undefined || fileNow === undefined || file.ino !== fileNow.ino) return false;
  return file.size === fileNow.size && file.mtimeNs === fileNow.mtimeNs;
}

function isUnchanged(before: IndexEntry, now: WalkEntry): boolean {
  return (
    before.path === now.path &&
    before.type === now.type &&
    before.size === now.size &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs &&
    before.ino === now.ino &&
    before.mode === now.mode &&
    before.uid === now.uid &&
    before.gid === now.gid &&
    before.linkTarget === now.linkTarget &&
    before.sparse === now.sparse &&
    now.contentPath === undefined
  );
}

/** Whatever its name is. A change of owner or mode moves ctime, as one of the content does: then it is read. */
function isSameContent(before: IndexEntry, now: WalkEntry): boolean {
  return (
    before.type === now.type &&
    before.size === now.size &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs &&
    before.ino === now.ino &&
    now.contentPath === undefined
  );
}

const NOTHING_SAME: Sameness = { entry: () => false, content: () => false };

function mismatch(
  { facts }: ArchiveIndex,
  codec: Codec,
  size: number,
  sha256: string | undefined,
): string | undefined {
  if (facts.codec !== codec.name || facts.level !== codec.level) return 'other compression';
  if (facts.archiveSize !== size) return 'its index is of another archive';
  if (sha256 !== undefined && facts.archiveSha256 !== sha256) return 'its index has another checksum';
  if (facts.walkStartNs === '0') return 'its index was rebuilt';
  return undefined;
}
