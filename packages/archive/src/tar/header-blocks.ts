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
/** The end of the fields that every block has. Only the prefix lies behind it. */
const FIELDS_END = 265;
const PREFIX_AT = 345;
const MAGIC = Buffer.from('ustar\u000000', 'latin1');
const [ZERO, SPACE] = [0x30, 0x20];
const NS = 1_000_000_000n;
const FLAGS: Record<EntryType, string> = { file: '0', hardlink: '1', symlink: '2', directory: '5' };

/** Writes all header blocks of an entry at `at`; answers where they end (a multiple of 512 later). */
export function writeHeaderBlocks(target: Buffer, at: number, entry: HeaderFields): number {
  const { type, mode, uid, gid, mtimeNs } = entry;
  const rest = Number(mtimeNs % NS);
  const seconds = Number(mtimeNs / NS) - (rest < 0 ? 1 : 0);
  const name = nameOf(entry);
  const link = entry.linkTarget ?? '';
  let end = at;
  const records =
    (rest !== 0 || seconds < 0 ? mtimeRecord(mtimeNs) : '') +
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

/** Seconds and nanoseconds, decimal. */
function mtimeRecord(mtimeNs: bigint): string {
  const absolute = mtimeNs < 0n ? -mtimeNs : mtimeNs;
  const digits = absolute.toString().padStart(10, '0');
  return paxRecord('mtime', `${mtimeNs < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`);
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
  const { name, prefix, flag, link } = fields;
  target.fill(0, at, at + BLOCK);
  target.write(name, at, 'latin1');
  writeNumber(target, at + 100, 8, fields.mode);
  writeNumber(target, at + 108, 8, fields.uid);
  writeNumber(target, at + 116, 8, fields.gid);
  writeNumber(target, at + 124, 12, fields.size);
  writeNumber(target, at + 136, 12, fields.seconds);
  target[at + 156] = flag.charCodeAt(0);
  if (link !== '') target.write(link, at + 157, 'latin1');
  target.set(MAGIC, at + 257);
  if (prefix !== '') target.write(prefix, at + PREFIX_AT, 'latin1');
  writeChecksum(target, at, prefix === '' ? FIELDS_END : BLOCK);
  return at + BLOCK;
}

/** The sum of the bytes up to `length`, its own eight counted as spaces; none lies behind. */
function writeChecksum(target: Buffer, at: number, length: number): void {
  let sum = 8 * SPACE;
  for (let n = at; n < at + length; n++) sum += target[n]!;
  writeOctal(target, at + 148, 6, sum);
  target[at + 155] = SPACE;
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
  for (let n = at + digits - 1; n >= at; n--) {
    const next = Math.floor(rest / 8);
    target[n] = ZERO + rest - next * 8;
    rest = next;
  }
}
