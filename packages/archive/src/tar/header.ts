/**
 * One 512-byte header block of a tar stream: v7, ustar (POSIX.1-1988) and GNU, as in the "tar" pages of POSIX pax
 * and of GNU tar's manual. Strings are byte strings (latin1): a name need not be UTF-8, and node-tar's Header
 * decodes it as such, which loses bytes.
 */
import type { BytePath } from '@gofr-backup/model';

export const BLOCK = 512;

export interface TarHeader {
  name: BytePath;
  linkName: BytePath;
  /** the type flag's character; '\0' and '7' arrive as '0' */
  flag: string;
  mode: number;
  /** Read when asked for: bsdtar leaves wrong numbers in fields that a pax header replaces. They throw MalformedHeader. */
  uid(): number;
  gid(): number;
  size(): number;
  /** seconds */
  mtime(): bigint;
}

/** The header holds a value that no honest tar writes. The message is a clause, e.g. `its size is negative`. */
export class MalformedHeader extends Error {}

function field(block: Buffer, start: number, length: number): BytePath {
  const text = block.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** Base-256 (GNU, star): the first bit set, the rest a two's complement number, most significant byte first. */
function base256(block: Buffer, start: number, length: number): bigint {
  let value = BigInt(block[start]! & 0x7f);
  for (let at = start + 1; at < start + length; at++) value = (value << 8n) | BigInt(block[at]!);
  const bits = BigInt(length * 8 - 1);
  return block[start]! & 0x40 ? value - (1n << bits) : value;
}

/** Octal digits up to a NUL, with spaces around them: 0 for an empty field, undefined for any other text. */
function octalField(block: Buffer, start: number, end: number): number | undefined {
  let value = 0;
  let at = start;
  while (at < end && block[at] === 0x20) at++;
  for (; at < end && block[at]! >= 0x30 && block[at]! <= 0x37; at++) value = value * 8 + block[at]! - 0x30;
  while (at < end && block[at] === 0x20) at++;
  return at === end || block[at] === 0 ? value : undefined;
}

/** A numeric field within [minimum, maximum]; blank counts as zero, as every tar reads it. */
export function numericField(
  block: Buffer,
  start: number,
  length: number,
  what: string,
  [minimum, maximum]: readonly [number, number],
): number {
  let value: number;
  if (block[start]! & 0x80) {
    value = Number(base256(block, start, length));
  } else {
    const octal = octalField(block, start, start + length);
    if (octal === undefined) throw new MalformedHeader(`its ${what} is not a number`);
    value = octal;
  }
  if (value < 0 && minimum >= 0) throw new MalformedHeader(`its ${what} is negative`);
  if (value < minimum || value > maximum) throw new MalformedHeader(`its ${what} is out of range`);
  return value;
}

export const SIZE_RANGE = [0, Number.MAX_SAFE_INTEGER] as const;
/** Ids are 32 bits wide on Linux; the last one means "no id". */
export const ID_RANGE = [0, 0xffff_fffe] as const;
/** No limits: a time that cannot be held becomes the nearest that can. */
const ANY_TIME = [-Infinity, Infinity] as const;

/** Sums of the block's bytes with the checksum field blank: unsigned, and signed as some old tars did. */
function checksums(block: Buffer): [number, number] {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let at = 0; at < BLOCK; at++) {
    if (at === 148) at = 156;
    const byte = block[at]!;
    unsigned += byte;
    if (byte & 0x80) high++;
  }
  return [unsigned, unsigned - 256 * high];
}

export function isZeroBlock(block: Buffer): boolean {
  for (let at = 0; at < BLOCK; at++) if (block[at] !== 0) return false;
  return true;
}

export function hasValidChecksum(block: Buffer): boolean {
  const claimed = octalField(block, 148, 156);
  return claimed !== undefined && claimed > 0 && checksums(block).includes(claimed);
}

/** The header in `block`, whose checksum is right. Throws MalformedHeader. */
export function parseHeader(block: Buffer): TarHeader {
  // GNU's magic is "ustar  \0": it has other things in the prefix's place
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? field(block, 345, 155) : '';
  const name = field(block, 0, 100);
  const flag = String.fromCharCode(block[156]!);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: field(block, 157, 100),
    flag: flag === '\0' || flag === '7' ? '0' : flag,
    mode: numericField(block, 100, 8, 'mode', SIZE_RANGE) & 0o7777,
    uid: () => numericField(block, 108, 8, 'uid', ID_RANGE),
    gid: () => numericField(block, 116, 8, 'gid', ID_RANGE),
    size: () => numericField(block, 124, 12, 'size', SIZE_RANGE),
    mtime: () => BigInt(numericField(block, 136, 12, 'time', ANY_TIME)),
  };
}
