/**
 * Makes a frame of entries: reads each, or takes it from the frame of the previous archive that this one follows, and
 * compresses what is new of it.
 */
import type { Codec } from '@gofr-backup/model';
import { hasOwnEncoder } from '../codec/codecs.ts';
import { EarlierFrame } from '../codec/earlier-frame.ts';
import { digestFrame } from '../codec/digest.ts';
import { paddedLength } from '../index/file.ts';
import { MOST_RAW_BYTES } from '../index/sizes.ts';
import type { WalkEntry } from '../source/source.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { type EarlierContent, type EarlierParts, headersBefore } from './earlier-parts.ts';
import { copySame, finish, type Finished, finished, proofsOf } from './finish.ts';
import { lengthOfXattrs, readFittingXattrs } from './fitting-xattrs.ts';
import {
  type EarlierEntries,
  type EntryOutcome,
  type FrameResult,
  NOTHING,
  ORPHANED,
} from './frame-result.ts';
import { estimatedLength } from './frames.ts';
import { RawFrame } from './raw-frame.ts';
import { readEntry, withXattrs } from './read-entry.ts';

export interface EntriesToWrite {
  entries: WalkEntry[];
  /** content follows in frames of its own */
  headerOnly: boolean;
  earlier?: EarlierEntries;
}

interface Setup {
  codec: Codec;
  /** whether extended attributes are archived */
  xattrs: boolean;
}

const NO_PARTS: EarlierParts = { kept: [], contents: [] };

export class EntriesFrame {
  #job: EntriesToWrite;
  #setup: Setup;
  #slot: Buffer;
  #frame: RawFrame;
  #parts: EarlierParts;
  #earlier: EarlierFrame | undefined;
  /** bytes of the frame that are left for files that have grown, and for extended attributes */
  #room: number;
  #outcomes: EntryOutcome[] = [];
  /** names of files that did not come into the archive, or became other files */
  #lost = new Set<string>();

  /** `raw` may be the slot itself, when nothing is compressed. */
  constructor(job: EntriesToWrite, setup: Setup, raw: Buffer, slot: Buffer) {
    this.#job = job;
    this.#setup = setup;
    this.#slot = slot;
    this.#frame = new RawFrame(raw);
    this.#parts = job.earlier?.parts ?? NO_PARTS;
    const least = job.headerOnly ? 0 : job.entries.reduce((sum, entry) => sum + estimatedLength(entry), 0);
    this.#room = MOST_RAW_BYTES - least - this.#parts.kept.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** The result has no bytes when the earlier frame is not what it should be. */
  build(): FrameResult {
    if (!this.#collect()) return NOTHING;
    const { digest, hashes } = digestFrame(this.#frame.filled(), this.#frame.contents);
    const made = this.#copySame(digest) ?? this.#exchange() ?? this.#compress();
    return { ...made, proofs: proofsOf(digest, hashes), changed: false, outcomes: this.#outcomes };
  }

  /** False when something of the earlier frame was needed, and is not there. */
  #collect(): boolean {
    const { kept, contents } = this.#parts;
    const needed = kept.length > 0 || contents.some((content) => content?.taken);
    if (needed && (this.#room < 0 || this.#readEarlier() === undefined)) return false;
    let next = 0;
    for (const [n, entry] of this.#job.entries.entries()) {
      for (; kept[next]?.after === n; next++)
        if (!this.#frame.keep(kept[next]!, this.#earlier!)) return false;
      this.#outcomes.push(this.#add(entry, contents[n]));
    }
    return kept.slice(next).every((entries) => this.#frame.keep(entries, this.#earlier!));
  }

  #readEarlier(): EarlierFrame | undefined {
    const { earlier } = this.#job;
    this.#earlier ??= earlier && EarlierFrame.read(earlier, headersBefore(this.#parts, earlier.rawLength));
    return this.#earlier;
  }

  #add(entry: WalkEntry, earlier: EarlierContent | undefined): EntryOutcome {
    if (entry.linkTarget !== undefined && this.#lost.has(entry.linkTarget))
      return { headerLength: 0, failure: ORPHANED };
    const hasContent = entry.type === 'file' && !this.#job.headerOnly;
    return hasContent ? this.#addFile(entry, earlier) : this.#addHeader(entry);
  }

  #addHeader(entry: WalkEntry): EntryOutcome {
    const read = this.#setup.xattrs ? readFittingXattrs(entry, undefined, this.#room) : {};
    const outcome = { headerLength: this.#writeHeader(withXattrs(entry, read)), ...read };
    this.#room -= lengthOfXattrs(read.xattrs);
    this.#frame.add(outcome.headerLength, 0);
    return outcome;
  }

  #addFile(entry: WalkEntry, earlier: EarlierContent | undefined): EntryOutcome {
    const read = earlier?.taken ? this.#take(entry, earlier) : this.#read(entry);
    if (read.failure !== undefined || (read.now !== undefined && read.now.ino !== entry.ino))
      this.#lost.add(entry.path);
    if (read.failure !== undefined) return read;
    const size = read.now?.size ?? entry.size;
    this.#room -= Math.max(0, paddedLength(size) - paddedLength(entry.size)) + lengthOfXattrs(read.xattrs);
    this.#frame.add(read.headerLength, size, earlier);
    // the frame's own digest comes first
    return size === 0 ? read : { ...read, hashAt: 32 * this.#frame.contents.length };
  }

  #read(entry: WalkEntry): EntryOutcome {
    const how = { room: Math.max(this.#room, 0), xattrs: this.#setup.xattrs };
    return readEntry(entry, this.#frame.bytes, this.#frame.end, how);
  }

  /** The content is known to be that of the earlier frame. */
  #take(entry: WalkEntry, { start, end }: EarlierContent): EntryOutcome {
    const headerLength = this.#writeHeader(entry);
    const at = this.#frame.end + headerLength;
    const { bytes } = this.#frame;
    this.#earlier!.raw.copy(bytes, at, start, end);
    bytes.fill(0, at + end - start, at + paddedLength(end - start));
    return { headerLength };
  }

  #writeHeader(entry: WalkEntry): number {
    return writeHeaderBlocks(this.#frame.bytes, this.#frame.end, entry) - this.#frame.end;
  }

  /** Only times that are not archived may have changed: an inode's own, or that of its last reading. */
  #copySame(digest: Buffer): Finished | undefined {
    const filled = this.#frame.filled();
    return this.#isInPlace ? undefined : copySame(this.#job.earlier, filled.length, digest, this.#slot);
  }

  /** The content may be what it was, and headers alone differ. */
  #exchange(): Finished | undefined {
    if (!hasOwnEncoder(this.#setup.codec) || !this.#hasEarlierContent) return undefined;
    const length = this.#readEarlier()?.exchanged(this.#slot, this.#frame.filled());
    return length === undefined ? undefined : finished(this.#slot, length, this.#frame.end);
  }

  #compress(): Finished {
    const { codec } = this.#setup;
    const filled = this.#frame.filled();
    if (this.#isInPlace) return finish(codec, filled, [], this.#slot);
    const incompressible = this.#frame.incompressible(this.#earlier);
    if (!hasOwnEncoder(codec)) return finish(codec, filled, incompressible, this.#slot);
    const useful = incompressible.length > 0 || this.#hasEarlierContent;
    const earlier = useful ? this.#readEarlier() : this.#earlier;
    const stretches = this.#frame.stretches(earlier);
    return finish(codec, filled, incompressible, this.#slot, { stretches, earlier });
  }

  get #hasEarlierContent(): boolean {
    return this.#parts.contents.some((content) => content !== undefined);
  }

  get #isInPlace(): boolean {
    return this.#frame.bytes === this.#slot;
  }
}
