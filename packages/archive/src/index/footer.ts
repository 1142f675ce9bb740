/** The head and the footer of an index file: they tell where its pages lie. All numbers are checked for consistency. */
import type { FileHandle } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { COMPRESSIONS, isErrno } from '@gofr-backup/model';
import { NotRegular, openRegular, readWhole } from '@gofr-backup/posix';
import { ColumnReader } from '../columns.ts';
import type { FrameTable, IndexFacts, IndexVersion, SharedIndex } from './types.ts';
import type { Page } from './pages.ts';

/** The first bytes of an index of any version; the version's number follows. */
const NAME = 'gofridx';
/** Versions that can be read; the last one is written. */
const VERSIONS: readonly IndexVersion[] = [1, 2];
export const MAGIC = `${NAME}2`;
/** What an index may need its reader to know (see IndexFacts). */
const KNOWN_NEEDS = new Set(['xattrs', 'holes']);
export const END_MAGIC = 'gofrend1';
export const TRAILER_BYTES = 48;
const MAX_FOOTER_BYTES = 1024 * 1024 * 1024;

/** An index without its pages. */
export interface IndexEnds {
  magic: Buffer;
  footer: Buffer;
  footerAt: number;
  trailer: Buffer;
}

export async function readEnds(file: FileHandle, size: number): Promise<IndexEnds> {
  const version = await versionOf(file);
  if (version !== undefined && !isKnown(version))
    throw new RangeError(`it is of version ${version}, and this program knows version ${VERSIONS.at(-1)}`);
  const trailerAt = trailerOf(size);
  const trailer = await readAt(file, trailerAt, TRAILER_BYTES);
  const footerAt = footerOf(trailer, trailerAt);
  const footer = await readAt(file, footerAt, trailerAt - footerAt);
  return { magic: await readAt(file, 0, MAGIC.length), footer, footerAt, trailer };
}

const isKnown = (version: string): boolean => VERSIONS.some((known) => String(known) === version);

/** The version that the file names, one character; undefined when the file does not begin like an index. */
async function versionOf(file: FileHandle): Promise<string | undefined> {
  const magic = Buffer.alloc(MAGIC.length);
  const length = await readWhole(file, magic, 0);
  const text = magic.toString('latin1', 0, length);
  return text.startsWith(NAME) && length === MAGIC.length
    ? JSON.stringify(text.at(-1)).slice(1, -1)
    : undefined;
}

/**
 * Whether the index is of another version, or needs its reader to know what this program does not: an index of a newer
 * program must not be replaced. False when there is no index.
 */
export async function isOfOtherVersion(indexPath: string): Promise<boolean> {
  try {
    await using file = await openRegular(indexPath);
    const version = await versionOf(file);
    if (version === undefined) return false;
    return !isKnown(version) || (await needsMore(file));
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof NotRegular) return false;
    throw error;
  }
}

/** False also for an index that is damaged: that one may be replaced. */
async function needsMore(file: FileHandle): Promise<boolean> {
  try {
    decodeFooter(await readEnds(file, (await file.stat()).size));
    return false;
  } catch (error) {
    return error instanceof UnknownNeed;
  }
}

class UnknownNeed extends RangeError {}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  if ((await readWhole(file, bytes, at)) < length) throw new RangeError('it was cut short while it was read');
  return bytes;
}

export function trailerOf(size: number): number {
  if (size < MAGIC.length + TRAILER_BYTES) throw new RangeError('it is not an index of this version');
  return size - TRAILER_BYTES;
}

export function footerOf(trailer: Buffer, trailerAt: number): number {
  if (trailer.toString('latin1', TRAILER_BYTES - 8) !== END_MAGIC) throw new RangeError('it is not complete');
  const footerAt = trailerAt - trailer.readUInt32LE(0);
  if (footerAt < MAGIC.length) throw new RangeError('its footer is out of bounds');
  return footerAt;
}

export function checkSum(sum: Buffer, trailer: Buffer): void {
  if (!sum.equals(trailer.subarray(8, 40))) throw new RangeError('its checksum is wrong');
}

export function decodeFooter({
  magic,
  footer: packed,
  footerAt,
  trailer,
}: IndexEnds): Omit<SharedIndex, 'file'> {
  const version = VERSIONS.find((known) => magic.toString('latin1') === `${NAME}${known}`);
  if (version === undefined) throw new RangeError('it is not an index of this version');
  const rawLength = trailer.readUInt32LE(4);
  if (rawLength > MAX_FOOTER_BYTES) throw new RangeError('its footer is out of bounds');
  const raw = zstdDecompressSync(packed, { maxOutputLength: Math.max(rawLength, 1) });
  if (raw.length !== rawLength) throw new RangeError('its footer has another length than it says');
  const footer = new ColumnReader(raw);
  const facts = checkFacts(JSON.parse(footer.latin1(footer.varint())));
  const table = decodeFrames(footer, facts);
  return { version, facts, table, pages: decodePages(footer, table, footerAt) };
}

function decodePages(footer: ColumnReader, table: FrameTable, end: number): Page[] {
  const pages: Page[] = [];
  let [firstFrame, firstEntry, at] = [0, 0, MAGIC.length];
  for (let n = footer.varint(); n > 0; n--) {
    const frames = footer.varint();
    const entries = footer.varint();
    const columnsLength = footer.varint();
    const rawLength = footer.varint();
    const hashesLength = footer.varint() * 32;
    pages.push({ firstFrame, frames, firstEntry, entries, at, columnsLength, rawLength, hashesLength });
    firstFrame += frames;
    firstEntry += entries;
    at += columnsLength + hashesLength;
    if (columnsLength === 0 || at > end) throw new RangeError('a page is out of bounds');
    if (table.firstEntries[firstFrame] !== firstEntry)
      throw new RangeError('its pages do not fit its frames');
  }
  if (firstEntry !== table.firstEntries[table.flags.length] || at !== end)
    throw new RangeError('its pages do not cover its frames');
  return pages;
}

/** In memory that all threads can see. */
function decodeFrames(footer: ColumnReader, facts: IndexFacts): FrameTable {
  const count = footer.varint();
  if (count * 36 > footer.remaining) throw new RangeError('it names more frames than it holds');
  const table: FrameTable = {
    flags: new Uint8Array(new SharedArrayBuffer(count)),
    offsets: new Float64Array(new SharedArrayBuffer((count + 1) * 8)),
    rawLengths: new Float64Array(new SharedArrayBuffer(count * 8)),
    crcs: new Uint32Array(new SharedArrayBuffer(count * 4)),
    firstEntries: new Float64Array(new SharedArrayBuffer((count + 1) * 8)),
    digests: new Uint8Array(new SharedArrayBuffer(count * 32)),
  };
  for (let n = 0; n < count; n++) {
    table.flags[n] = footer.byte();
    if ((table.flags[n]! & 3) > 2) throw new RangeError('a frame is of an unknown kind');
    table.offsets[n + 1] = table.offsets[n]! + footer.varint();
    table.rawLengths[n] = footer.varint();
    table.firstEntries[n + 1] = table.firstEntries[n]! + footer.varint();
    table.crcs[n] = footer.uint32();
  }
  table.digests.set(footer.raw(count * 32));
  if (table.offsets[count] !== facts.archiveSize) throw new RangeError('its frames do not cover the archive');
  return table;
}

function checkFacts(facts: unknown): IndexFacts {
  const { codec, level, archiveSha256, archiveSize, walkStartNs, needs, holesSought } = Object(
    facts,
  ) as Record<string, unknown>;
  const unknown = Array.isArray(needs) ? needs.find((need) => !KNOWN_NEEDS.has(String(need))) : undefined;
  if (unknown !== undefined) throw new UnknownNeed(`it is of a newer program: it needs ${String(unknown)}`);
  const known = COMPRESSIONS.find((name) => name === codec);
  if (
    known === undefined ||
    !Number.isInteger(level) ||
    !Number.isSafeInteger(archiveSize) ||
    typeof archiveSha256 !== 'string' ||
    !/^[0-9a-f]{64}$/.test(archiveSha256) ||
    typeof walkStartNs !== 'string' ||
    !/^\d{1,20}$/.test(walkStartNs)
  )
    throw new RangeError('its facts are not those of an index');
  return {
    codec: known,
    level: level as number,
    archiveSha256,
    archiveSize: archiveSize as number,
    walkStartNs,
    ...(Array.isArray(needs) ? { needs: needs.map(String) } : {}),
    ...(holesSought === true ? { holesSought } : {}),
  };
}
