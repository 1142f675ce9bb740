/**
 * Writes the header blocks of tar entries: ustar (POSIX.1-1988), and beyond its limits only forms that GNU tar,
 * bsdtar, busybox and Python's tarfile all read. Long names are GNU `L` and `K` entries, not pax records: busybox
 * skips pax, and GNU entries hold raw bytes. Large or negative numbers are base-256. Only a sub-second mtime, extended
 * attributes and large holes need pax records.
 */
import { type BytePath, type EntryType, type FileFacts, storedSizeOf } from '@gofr-backup/model';
import { BLOCK } from './header.ts';
import { paxRecord, xattrRecords } from './pax.ts';
import { sparseName, sparseRecords } from './sparse-blocks.ts';

export interface HeaderFields extends Omit<FileFacts, 'linkTarget' | 'sparse'> {
  linkTarget?: BytePath | undefined;
}

const NAME = 100;
const PREFIX = 155;
const [SIZE_AT, SECONDS_AT, SUM_AT, FLAG_AT, LINK_AT, PREFIX_AT] = [124, 136, 148, 156, 157, 345];
const MAGIC = Buffer.from('ustar\u000000', 'latin1');
const [ZERO, SPACE] = [0x30, 0x20];
const MOST_WORD = 0x7fff_ffff;
const NS = 1_000_000_000n;
const FLAGS: Record<EntryType, string> = { file: '0', hardlink: '1', symlink: '2', directory: '5' };

/** Writes all header blocks of an entry at `at`; answers where they end (a multiple of 512 later). */
export function writeHeaderBlocks(target: Buffer, at: number, entry: HeaderFields): number {
  const { type, mode, uid, gid, mtimeNs } = entry;
  const rest = Number(mtimeNs % NS);
  const whole = Number(mtimeNs / NS);
  const seconds = whole - (rest < 0 ? 1 : 0);
  const name = nameOf(entry);
  const link = entry.linkTarget ?? '';
  let end = at;
  const records =
    (rest !== 0 || seconds < 0 ? mtimeRecord(whole, rest) : '') +
    (entry.storedSize === undefined ? '' : sparseRecords(entry.path, entry.size)) +
    xattrRecords(entry.xattrs);
  if (records !== '') end = writeExtra(target, end, PAX, records);
  const split = splitName(name);
  if (split === undefined) end = writeExtra(target, end, LONG_NAME, `${name}\0`);
  if (link.length > NAME) end = writeExtra(target, end, LONG_LINK, `${link}\0`);
  return writeBlock(target, end, {
    name: split?.name ?? name.slice(0, NAME),
    prefix: split?.prefix ?? '',
    flag: FLAGS[type],
    link: link.slice(0, NAME),
    mode,
    uid,
    gid,
    size: storedSizeOf(entry),
    seconds,
  });
}

function nameOf({ path, type, storedSize }: HeaderFields): BytePath {
  if (storedSize !== undefined) return sparseName(path);
  return type === 'directory' ? `${path}/` : path;
}

/** Seconds and nanoseconds, decimal; neither is positive before 1970. */
function mtimeRecord(seconds: number, nanoseconds: number): string {
  const sign = seconds < 0 || nanoseconds < 0 ? '-' : '';
  const fraction = String(Math.abs(nanoseconds)).padStart(9, '0');
  return paxRecord('mtime', `${sign}${Math.abs(seconds)}.${fraction}`);
}

/** A name in one or two fields; undefined when it fits neither way. */
function splitName(name: BytePath): { name: string; prefix: string } | undefined {
  if (name.length <= NAME) return { name, prefix: '' };
  const slash = name.indexOf('/', name.length - NAME - 1);
  if (slash <= 0 || slash > PREFIX || slash >= name.length - 1) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

/**
 * An extra entry before the real one, for a long name or a pax record. Its header is kept, because contents of equal
 * length have equal headers.
 */
interface Extra {
  name: string;
  flag: string;
  header: Buffer;
  length: number;
}
const extra = (name: string, flag: string): Extra => ({
  name,
  flag,
  header: Buffer.alloc(BLOCK),
  length: -1,
});
const PAX = extra('././@PaxHeader', 'x');
const LONG_NAME = extra('././@LongLink', 'L');
const LONG_LINK = extra('././@LongLink', 'K');

/** The header and its content in whole blocks. */
function writeExtra(target: Buffer, at: number, kind: Extra, content: string): number {
  const { name, flag, header } = kind;
  const { length } = content;
  if (kind.length !== length) {
    const fields = {
      name,
      prefix: '',
      flag,
      link: '',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: length,
      seconds: 0,
    };
    writeBlock(header, 0, fields);
    kind.length = length;
  }
  const start = at + header.copy(target, at);
  const end = start + Math.ceil(length / BLOCK) * BLOCK;
  target.fill(0, start, end);
  target.write(content, start, 'latin1');
  return end;
}

interface BlockFields {
  name: string;
  prefix: string;
  flag: string;
  link: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  seconds: number;
}

function writeBlock(target: Buffer, at: number, fields: BlockFields): number {
  const { name, prefix, link } = fields;
  const { block, sum } = commonOf(fields);
  block.copy(target, at);
  target.write(name, at, 'latin1');
  writeNumber(target, at + SIZE_AT, 12, fields.size);
  writeNumber(target, at + SECONDS_AT, 12, fields.seconds);
  let total = sum + sumOf(target, at, name.length) + sumOf(target, at + SIZE_AT, 24);
  if (link !== '') total += sumOf(target, at + LINK_AT, target.write(link, at + LINK_AT, 'latin1'));
  if (prefix !== '') total += sumOf(target, at + PREFIX_AT, target.write(prefix, at + PREFIX_AT, 'latin1'));
  writeOctal(target, at + SUM_AT, 6, total);
  return at + BLOCK;
}

/** The fields that most entries share with the one before: a block with them alone, and the sum of its bytes. */
const common = { block: Buffer.alloc(BLOCK), sum: 0, flag: '', mode: 0, uid: 0, gid: 0 };

function commonOf({ flag, mode, uid, gid }: BlockFields): typeof common {
  if (flag === common.flag && mode === common.mode && uid === common.uid && gid === common.gid) return common;
  const block = common.block.fill(0);
  writeNumber(block, 100, 8, mode);
  writeNumber(block, 108, 8, uid);
  writeNumber(block, 116, 8, gid);
  block[FLAG_AT] = flag.charCodeAt(0);
  block.set(MAGIC, 257);
  // the checksum counts its own eight bytes as spaces; six digits, a NUL and a space take their place
  const sum = sumOf(block, 0, BLOCK) + 8 * SPACE;
  block[SUM_AT + 7] = SPACE;
  return Object.assign(common, { flag, mode, uid, gid, sum });
}

function sumOf(bytes: Buffer, at: number, length: number): number {
  let sum = 0;
  for (let n = at; n < at + length; n++) sum += bytes[n]!;
  return sum;
}

/** Octal with a closing NUL; what does not fit is base-256: high bit set, then two's complement, big-endian. */
function writeNumber(target: Buffer, at: number, width: number, value: number): void {
  if (value >= 0 && value < 8 ** (width - 1)) return writeOctal(target, at, width - 1, value);
  target.fill(value < 0 ? 0xff : 0, at, at + width);
  target.writeBigInt64BE(BigInt(value), at + width - 8);
  target[at] = target[at]! | 0x80;
}

function writeOctal(target: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  let n = at + digits - 1;
  for (; rest > MOST_WORD; n--) {
    const next = Math.floor(rest / 8);
    target[n] = ZERO + rest - next * 8;
    rest = next;
  }
  for (; n >= at; n--, rest >>= 3) target[n] = ZERO + (rest & 7);
}
