/**
 * Reads a tar stream pushed in pieces of any length: v7, ustar, GNU and pax. It is strict where tools differ, because
 * an attacker hides an entry in what two tools read differently. Lone extended headers, links with content and data
 * after the end are errors. Throws BackupError ARCHIVE_HOSTILE or ARCHIVE_DAMAGED.
 */
import { type BytePath, type EntryType, type FileFacts, heldTime } from '@gofr-backup/model';
import { type PaxRecords, parsePaxRecords, paxNumber, paxTime, paxXattrs } from './pax.ts';
import { damaged, hostile } from '../refusals.ts';
import { type SparseMap, type SparseMapReader, sparseMapOf } from './sparse.ts';
import {
  BLOCK,
  hasValidChecksum,
  ID_RANGE,
  isZeroBlock,
  MalformedHeader,
  parseHeader,
  SIZE_RANGE,
} from './header.ts';
import type { TarHeader } from './header.ts';

/** An entry as it stands in the stream. Its numbers are in range; nothing else is checked. */
export interface TarMember extends Omit<FileFacts, 'path' | 'linkTarget'> {
  name: BytePath;
  linkName: BytePath;
  /** stored without its holes; then it has a stored size, and `map` is told of when it was read */
  sparse?: boolean;
  /** the map is the beginning of the stored content, as in format 1.0 */
  mapInContent?: boolean;
  xattrs?: Map<string, Buffer>;
  /** where its first header block, extended headers included, lies in the stream */
  start: number;
  /** where its last header block ends */
  headerEnd: number;
}

export interface TarSink {
  member(member: TarMember): void;
  /** The map of the last member was read from its content. */
  map?(map: SparseMap): void;
  /** content of the last member, in order; `offset` is within the file, and jumps over holes. Valid during the call. */
  data(bytes: Buffer, offset: number): void;
}

/** Longest extended header or long name; Linux keeps all attributes of a file below 64 KiB each. */
const MAX_EXTENDED = 1 << 20;
/** tar pads the end to its blocking factor, of at most some megabytes. */
const MAX_TRAILER = 64 << 20;
const ZEROS = Buffer.alloc(64 << 10);

const NO_RECORDS: PaxRecords = new Map();

const TYPES: Record<string, EntryType> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
  // of an incremental archive of GNU tar; its content is the list of names, which an extraction leaves out
  D: 'directory',
  S: 'file',
};
const REFUSED: Record<string, string> = {
  '3': 'it is a character device',
  '4': 'it is a block device',
  '6': 'it is a FIFO',
};

export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

export class TarParser {
  readonly #sink: TarSink;
  #state: 'header' | 'extended' | 'map' | 'content' | 'padding' | 'trailer' = 'header';
  /** bytes consumed */
  #position = 0;
  /** an incomplete block or extended header */
  #carry: Buffer[] = [];
  #carried = 0;
  #flag = '';
  /** bytes left of the extended header, content or padding; in the trailer those after the first zero block */
  #left = 0;
  #padding = 0;
  #contentAt = 0;
  #map: SparseMap | undefined;
  #mapReader: SparseMapReader | undefined;
  #memberStart = -1;
  #last: BytePath = '';
  #pax: PaxRecords | undefined;
  #globals: PaxRecords = new Map();
  #longName: BytePath | undefined;
  #longLink: BytePath | undefined;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** True between two entries: a frame may end here. */
  get atBoundary(): boolean {
    return this.#state === 'header' && this.#memberStart === -1 && this.#carried === 0;
  }

  get ended(): boolean {
    return this.#state === 'trailer';
  }

  get position(): number {
    return this.#position;
  }

  /** Content bytes still to come of the entry whose content began, and its padding. */
  get remaining(): number {
    return this.#state === 'content' || this.#state === 'map'
      ? this.#left + this.#padding
      : this.#state === 'padding'
        ? this.#left
        : 0;
  }

  /** Continues within an entry: `left` bytes of its content are to come, the first at `offset` of the file. */
  resume(left: number, offset: number): void {
    this.#contentAt = offset;
    this.#begin(left, undefined);
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const used = this.#step(at === 0 ? chunk : chunk.subarray(at));
      at += used;
      this.#position += used;
    }
  }

  /** The stream ended. Throws ARCHIVE_DAMAGED unless the end-of-archive mark was seen: two blocks of zeros. */
  end(): void {
    if (this.#state === 'trailer' && this.#left >= BLOCK) return;
    throw damaged(
      'The archive is truncated.',
      this.#last === ''
        ? 'It ends before its first entry.'
        : `It ends within or after "${this.#last.slice(0, 200)}".`,
    );
  }

  #step(bytes: Buffer): number {
    switch (this.#state) {
      case 'header':
        return this.#collect(bytes, BLOCK, (block) => this.#header(block));
      case 'extended':
        return this.#collect(bytes, this.#left + this.#padding, (all) =>
          this.#extended(all.subarray(0, this.#left)),
        );
      case 'map':
        return this.#collect(bytes, BLOCK, (block) => this.#mapBlock(block));
      case 'content':
        return this.#content(bytes);
      case 'padding':
        return this.#skip(bytes);
      case 'trailer':
        return this.#trailer(bytes);
    }
  }

  /** Hands exactly `length` bytes to `use`, without a copy when they lie in one piece. */
  #collect(bytes: Buffer, length: number, use: (whole: Buffer) => void): number {
    const want = length - this.#carried;
    if (this.#carried === 0 && bytes.length >= want) {
      use(bytes.subarray(0, want));
      return want;
    }
    const taken = Math.min(want, bytes.length);
    this.#carry.push(Buffer.from(bytes.subarray(0, taken)));
    this.#carried += taken;
    if (this.#carried === length) {
      const whole = Buffer.concat(this.#carry);
      this.#carry = [];
      this.#carried = 0;
      use(whole);
    }
    return taken;
  }

  #header(block: Buffer): void {
    if (!hasValidChecksum(block)) {
      if (!isZeroBlock(block)) throw this.#damagedHeader();
      if (this.#memberStart !== -1)
        throw damaged('The archive is damaged.', 'An extended header has no entry after it.');
      this.#state = 'trailer';
      this.#left = 0;
      return;
    }
    if (this.#memberStart === -1) this.#memberStart = this.#position - (this.#position % BLOCK);
    this.#refuseMalformed(block, () => this.#dispatch(parseHeader(block), block));
  }

  #damagedHeader(): Error {
    const after =
      this.#last === '' ? 'It does not begin with a tar header.' : `After "${this.#last.slice(0, 200)}".`;
    return damaged('The archive is damaged: a tar header has a wrong checksum.', after);
  }

  #refuseMalformed(block: Buffer, parse: () => void): void {
    const name = (): BytePath =>
      this.#pax?.get('path') ?? this.#longName ?? block.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    refuseMalformed(name, parse);
  }

  #dispatch(header: TarHeader, block: Buffer): void {
    this.#flag = header.flag;
    if ('xXgLK'.includes(header.flag)) this.#beginExtended(header.size());
    else if (header.flag === 'V') this.#forget();
    else this.#member(header, block);
  }

  #beginExtended(size: number): void {
    if (size > MAX_EXTENDED) throw new MalformedHeader(`its extended header is ${size} bytes long`);
    this.#left = size;
    this.#padding = padded(size) - size;
    if (size > 0) this.#state = 'extended';
  }

  #extended(bytes: Buffer): void {
    this.#state = 'header';
    const text = (): BytePath => bytes.toString('latin1').replace(/\0.*$/s, '');
    if (this.#flag === 'L') this.#longName = text();
    else if (this.#flag === 'K') this.#longLink = text();
    else if (this.#flag === 'g') this.#global(bytes);
    else this.#refuseMalformed(bytes, () => (this.#pax = parsePaxRecords(bytes, this.#pax)));
  }

  #global(bytes: Buffer): void {
    this.#refuseMalformed(bytes, () => {
      parsePaxRecords(bytes, this.#globals);
      for (const key of ['path', 'linkpath', 'size']) {
        if (this.#globals.has(key)) throw new MalformedHeader(`a global pax header sets every ${key}`);
      }
    });
    if (this.#pax === undefined && this.#longName === undefined) this.#memberStart = -1;
  }

  #member(header: TarHeader, block: Buffer): void {
    const pax =
      this.#globals.size === 0
        ? (this.#pax ?? NO_RECORDS)
        : new Map([...this.#globals, ...(this.#pax ?? [])]);
    const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? this.#longName ?? header.name;
    const linkName = pax.get('linkpath') ?? this.#longLink ?? header.linkName;
    const stored = paxNumber(pax, 'size', SIZE_RANGE) ?? header.size();
    this.#last = name;
    const type = memberType(header.flag, name);
    if (type === undefined)
      throw hostile(name, REFUSED[header.flag] ?? `its type is unknown (${header.flag})`);
    const hasList = header.flag === 'D';
    if (type !== 'file' && !hasList && stored > 0)
      throw hostile(name, `it is a ${type} but declares ${stored} bytes of content`);
    const sparse = sparseMapOf(header, block, pax);
    const xattrs = paxXattrs(pax);
    const member: TarMember = {
      name,
      type,
      linkName: type === 'symlink' || type === 'hardlink' ? linkName : '',
      size: type === 'file' ? (sparse?.realSize ?? stored) : 0,
      mode: header.mode,
      uid: paxNumber(pax, 'uid', ID_RANGE) ?? header.uid(),
      gid: paxNumber(pax, 'gid', ID_RANGE) ?? header.gid(),
      mtimeNs: heldTime(paxTime(pax, 'mtime') ?? header.mtime() * 1_000_000_000n),
      start: this.#memberStart,
      headerEnd: this.#position - (this.#position % BLOCK) + BLOCK,
      ...(xattrs && { xattrs }),
      ...(sparse && { sparse: true, storedSize: stored }),
      ...(sparse?.reader?.outside === false && { mapInContent: true }),
    };
    this.#forget();
    this.#sink.member(member);
    this.#contentAt = 0;
    this.#mapReader = sparse?.reader;
    if (hasList) this.#leaveOut(stored);
    else this.#begin(stored, sparse?.map);
  }

  #leaveOut(stored: number): void {
    this.#left = padded(stored);
    this.#state = stored > 0 ? 'padding' : 'header';
  }

  #forget(): void {
    this.#memberStart = -1;
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
  }

  #begin(stored: number, map: SparseMap | undefined): void {
    this.#map = map;
    this.#left = stored;
    this.#padding = padded(stored) - stored;
    this.#state = this.#mapReader ? 'map' : 'content';
    if (this.#state === 'content' && stored === 0) this.#afterContent();
  }

  #mapBlock(block: Buffer): void {
    const reader = this.#mapReader!;
    refuseMalformed(
      () => this.#last,
      () => reader.push(block),
    );
    if (!reader.outside) this.#left -= BLOCK;
    if (this.#left < 0) throw hostile(this.#last, 'its sparse map is longer than its content');
    if (reader.map === undefined) return;
    this.#mapReader = undefined;
    this.#map = reader.map;
    this.#state = 'content';
    this.#sink.map?.(reader.map);
    if (this.#left === 0) this.#afterContent();
  }

  #content(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#left);
    const piece = bytes.subarray(0, taken);
    if (this.#map) this.#map.place(piece, (part, offset) => this.#sink.data(part, offset));
    else this.#sink.data(piece, this.#contentAt);
    this.#contentAt += taken;
    this.#left -= taken;
    if (this.#left === 0) this.#afterContent();
    return taken;
  }

  #afterContent(): void {
    this.#state = this.#padding > 0 ? 'padding' : 'header';
    this.#left = this.#padding;
    this.#padding = 0;
  }

  #skip(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#left);
    this.#left -= taken;
    if (this.#left === 0) this.#state = 'header';
    return taken;
  }

  #trailer(bytes: Buffer): number {
    const taken = Math.min(bytes.length, ZEROS.length);
    this.#left += taken;
    if (bytes.compare(ZEROS, 0, taken, 0, taken) !== 0 || this.#left > MAX_TRAILER) {
      throw damaged(
        'The archive has data after its end.',
        `After "${this.#last.slice(0, 200)}" and the end mark.`,
      );
    }
    return taken;
  }
}

function refuseMalformed(name: () => BytePath, parse: () => void): void {
  try {
    parse();
  } catch (error) {
    if (error instanceof MalformedHeader) throw hostile(name(), error.message);
    throw error;
  }
}

/** A name with a trailing slash is a directory, whatever its flag: tar before ustar wrote directories so. */
function memberType(flag: string, name: BytePath): EntryType | undefined {
  return flag === '0' && name.endsWith('/') ? 'directory' : TYPES[flag];
}
