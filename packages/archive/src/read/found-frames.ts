/** The frames of an archive, found without its index: where an entry ends, a frame may end. */
import { digestFrame, hashIn } from '../codec/digest.ts';
import { storedSizeOf } from '@gofr-backup/model';
import { archiveEntryOf } from '../extract/safety.ts';
import { paddedLength } from '../index/file.ts';
import type { PagedEntry } from '../index/page.ts';
import { MAX_FRAME_BYTES } from '../index/sections.ts';
import { SLICE_BYTES } from '../index/sizes.ts';
import { contentLengthOf } from '../index/slices.ts';
import type { FrameKind } from '../index/types.ts';
import { type TarMember, TarParser } from '../tar/parser.ts';
import { NotFramed, type StoredUnit } from './stored-units.ts';
import { mayHaveHoles } from './sequential-source.ts';

export interface FoundFrame {
  kind: FrameKind;
  stored: Buffer[];
  rawLength: number;
  digest: Buffer;
  entries: PagedEntry[];
}

/**
 * Puts units together until an entry ends where a unit ends, as the writer laid them. One parser reads all of them, so an
 * archive that comes to its end here is one that a stream would not refuse. Throws NotFramed, ARCHIVE_DAMAGED or ARCHIVE_HOSTILE.
 */
export async function* framesOf(units: AsyncIterable<StoredUnit>): AsyncGenerator<FoundFrame> {
  const stream = new MemberStream();
  let frame = new FrameInMaking(stream);
  /** the large file whose content comes, and how much of it is there */
  let sliced: { size: number; position: number } | undefined;
  for await (const unit of units) {
    if (sliced !== undefined) {
      sliced.position += contentLength(unit, sliced);
      yield sliceOf(unit);
      stream.push(unit.raw);
      if (sliced.position === sliced.size) {
        sliced = undefined;
        frame = new FrameInMaking(stream);
      }
      continue;
    }
    frame.add(unit);
    if (!frame.complete) continue;
    yield frame.finish();
    const size = frame.slicedBytes;
    sliced = size > 0 ? { size, position: 0 } : undefined;
    frame = new FrameInMaking(stream);
  }
  if (frame.begun || sliced !== undefined) throw new NotFramed('its entries do not end with its parts');
  stream.parser.end();
}

function contentLength({ raw }: StoredUnit, { size, position }: { size: number; position: number }): number {
  const length = contentLengthOf(raw.length, position, size);
  if (length === undefined) throw new NotFramed('a large file is not cut into slices');
  return length;
}

function sliceOf({ stored, raw }: StoredUnit): FoundFrame {
  const { digest } = digestFrame(raw, []);
  return { kind: 'slice', stored: [stored], rawLength: raw.length, digest, entries: [] };
}

/** The whole archive, and the members that began in the frame at hand. */
class MemberStream {
  members: TarMember[] = [];
  /** a map of holes is to come, or came to its end within the slice at hand */
  #awaited = false;
  #ended = false;
  readonly parser = new TarParser({
    member: (member) => {
      this.members.push(member);
      this.#awaited = member.mapInContent === true;
    },
    map: () => (this.#ended = true),
    data: () => {
      if (this.#ended) throw new NotFramed('its map of holes is no part of its own');
    },
  });

  /** Of a file's content. A map must be a slice of its own. */
  push(slice: Buffer): void {
    const awaited = this.#awaited;
    this.parser.push(slice);
    if (awaited && !this.#ended) throw new NotFramed('its map of holes is too long');
    this.#awaited = false;
    this.#ended = false;
  }
}

class FrameInMaking {
  readonly #stored: Buffer[] = [];
  readonly #raw: Buffer[] = [];
  readonly #members: TarMember[] = [];
  readonly #parser: TarParser;
  /** where the frame begins in the stream */
  readonly #start: number;
  #length = 0;

  constructor(stream: MemberStream) {
    stream.members = this.#members;
    this.#parser = stream.parser;
    this.#start = stream.parser.position;
  }

  get begun(): boolean {
    return this.#raw.length > 0;
  }

  /** Bytes of the content that slices after this frame hold. */
  get slicedBytes(): number {
    const last = this.#members.at(-1);
    if (last?.type !== 'file' || !(last.mapInContent || last.size > SLICE_BYTES)) return 0;
    const size = storedSizeOf(last);
    return this.#parser.remaining === paddedLength(size) ? size : 0;
  }

  get complete(): boolean {
    return this.#parser.ended || this.#parser.atBoundary || this.slicedBytes > 0;
  }

  add({ stored, raw }: StoredUnit): void {
    this.#stored.push(stored);
    this.#raw.push(raw);
    this.#length += raw.length;
    if (this.#length > MAX_FRAME_BYTES) throw new NotFramed('no entry ends where a part of it ends');
    this.#parser.push(raw);
  }

  finish(): FoundFrame {
    const raw = Buffer.concat(this.#raw);
    const kind = this.#parser.ended ? 'end' : 'entries';
    if (kind === 'end' && this.#members.length > 0) throw new NotFramed('its end is not a part of its own');
    const entries = this.#entries();
    const spans = this.#spans();
    const { digest, hashes } = digestFrame(raw, spans);
    let next = 0;
    entries.forEach((entry, at) => {
      const contentAt = this.#members[at]!.headerEnd - this.#start;
      if (spans[next]?.start === contentAt && entry.size > 0) entry.hash = hashIn(hashes, next++);
    });
    return { kind, stored: this.#stored, rawLength: raw.length, digest, entries };
  }

  #spans(): { start: number; end: number }[] {
    const whole = this.slicedBytes > 0 ? this.#members.slice(0, -1) : this.#members;
    return whole
      .filter(({ type, size }) => type === 'file' && size > 0)
      .map(({ headerEnd, size }) => ({
        start: headerEnd - this.#start,
        end: headerEnd - this.#start + size,
      }));
  }

  #entries(): PagedEntry[] {
    let end = this.#start;
    return this.#members.map((member, at) => {
      if (member.start !== end) throw new NotFramed('it has entries that only a stream can hold');
      end = member.headerEnd + paddedLength(storedSizeOf(member));
      return pagedEntry(member, this.slicedBytes > 0 && at === this.#members.length - 1);
    });
  }
}

/** The inode and the change time of the file are not in an archive. */
function pagedEntry(member: TarMember, sliced: boolean): PagedEntry {
  const entry = archiveEntryOf(member);
  if (!entry || (member.sparse && !(sliced && member.mapInContent)))
    throw new NotFramed('it has entries that only a stream can hold');
  const headerLength = member.headerEnd - member.start;
  return { ...entry, ctimeNs: 0n, ino: 0, sparse: mayHaveHoles(entry), sliced, headerLength };
}
