/**
 * Writes the header blocks of tar entries: ustar (POSIX.1-1988), and beyond its limits what GNU tar, bsdtar, busybox and
 * Python's tarfile all read. Long names are GNU `L` and `K` entries rather than pax records, because busybox skips pax and
 * because those hold raw bytes; large or negative numbers are base-256; only a sub-second mtime needs a pax record.
 */
import type { BytePath, EntryType } from './types.ts';

export interface HeaderFields {
  path: BytePath;
  type: EntryType;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  linkTarget?: BytePath | undefined;
}

const BLOCK = 512;
const NAME = 100;
const PREFIX = 155;
const NS = 1_000_000_000n;
const FLAGS: Record<EntryType, string> = { file: '0', hardlink: '1', symlink: '2', directory: '5' };

/** Writes all header blocks of an entry at `at`; answers where they end (a multiple of 512 later). */
export function writeHeaderBlocks(target: Buffer, at: number, entry: HeaderFields): number {
  const nanos = ((entry.mtimeNs % NS) + NS) % NS;
  const seconds = Number((entry.mtimeNs - nanos) / NS);
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const link = entry.linkTarget ?? '';
  let end = at;
  if (nanos !== 0n || seconds < 0)
    end = writeExtra(target, end, '././@PaxHeader', 'x', mtimeRecord(entry.mtimeNs));
  const split = splitName(name);
  if (split === undefined) end = writeExtra(target, end, '././@LongLink', 'L', `${name}\0`);
  if (link.length > NAME) end = writeExtra(target, end, '././@LongLink', 'K', `${link}\0`);
  return writeBlock(target, end, {
    name: split?.name ?? name.slice(0, NAME),
    prefix: split?.prefix ?? '',
    flag: FLAGS[entry.type],
    link: link.slice(0, NAME),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    seconds,
  });
}

/** `<length> mtime=<seconds>.<nanoseconds>\n`, where the length counts itself (POSIX pax). */
function mtimeRecord(mtimeNs: bigint): string {
  const absolute = mtimeNs < 0n ? -mtimeNs : mtimeNs;
  const digits = absolute.toString().padStart(10, '0');
  const value = `${mtimeNs < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
  const rest = ` mtime=${value}\n`;
  const length = rest.length + 2;
  return `${length}${rest}`;
}

/** A name in one or two fields; undefined when it fits neither way. */
function splitName(name: BytePath): { name: string; prefix: string } | undefined {
  if (name.length <= NAME) return { name, prefix: '' };
  const slash = name.indexOf('/', name.length - NAME - 1);
  if (slash <= 0 || slash > PREFIX || slash >= name.length - 1) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

/** An entry of format data before the real one: a header and its content in whole blocks. */
function writeExtra(target: Buffer, at: number, name: string, flag: string, content: string): number {
  const fields = {
    name,
    prefix: '',
    flag,
    link: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: content.length,
    seconds: 0,
  };
  const start = writeBlock(target, at, fields);
  const end = start + Math.ceil(content.length / BLOCK) * BLOCK;
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
  target.fill(0, at, at + BLOCK);
  target.write(fields.name, at, 'latin1');
  writeNumber(target, at + 100, 8, fields.mode);
  writeNumber(target, at + 108, 8, fields.uid);
  writeNumber(target, at + 116, 8, fields.gid);
  writeNumber(target, at + 124, 12, fields.size);
  writeNumber(target, at + 136, 12, fields.seconds);
  target.write('        ', at + 148, 'latin1');
  target.write(fields.flag, at + 156, 'latin1');
  if (fields.link !== '') target.write(fields.link, at + 157, 'latin1');
  target.write('ustar\u000000', at + 257, 'latin1');
  if (fields.prefix !== '') target.write(fields.prefix, at + 345, 'latin1');
  let sum = 0;
  for (let n = at; n < at + BLOCK; n++) sum += target[n]!;
  target.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  return at + BLOCK;
}

/** Octal with a closing NUL; what does not fit is base-256: high bit set, then two's complement, big-endian. */
function writeNumber(target: Buffer, at: number, width: number, value: number): void {
  if (value >= 0 && value < 8 ** (width - 1)) {
    target.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1');
    return;
  }
  target.fill(value < 0 ? 0xff : 0, at, at + width);
  target.writeBigInt64BE(BigInt(value), at + width - 8);
  target[at] = target[at]! | 0x80;
}
