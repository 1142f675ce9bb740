/** The attributes of a name in an open directory, by statx(2): half the cost of Node's lstat through `/proc/self/fd`. */
import { type BigIntStats, constants, fstatSync, lstatSync } from 'node:fs';
import { type BytePath, fsPath } from '@gofr-backup/model';
import { type Library, whereUsable } from './library.ts';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
/** `struct statx` of the kernel, the same on every processor. */
const STATX_BYTES = 256;
/** A name has at most 255 bytes. */
const NAME_BYTES = 256;
const NS = 1_000_000_000n;

/** Of the name itself: a link is not followed. */
export interface FileStat {
  /** type and permissions */
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  /** bytes */
  size: number;
  /** of 512 bytes each, on the disk */
  blocks: number;
  dev: bigint;
  ino: bigint;
  /** nanoseconds since the epoch */
  mtimeNs: bigint;
  ctimeNs: bigint;
}

export const isDirectory = ({ mode }: FileStat): boolean => (mode & constants.S_IFMT) === constants.S_IFDIR;
export const isLink = ({ mode }: FileStat): boolean => (mode & constants.S_IFMT) === constants.S_IFLNK;
export const isFile = ({ mode }: FileStat): boolean => (mode & constants.S_IFMT) === constants.S_IFREG;
/** A socket, FIFO or device: no archive of ours holds one. */
export const isSpecial = (stat: FileStat): boolean => !isFile(stat) && !isDirectory(stat) && !isLink(stat);

const answer = Buffer.alloc(STATX_BYTES);
const name = Buffer.alloc(NAME_BYTES);

/** Of an open file or directory. */
export function statOf(fd: number): FileStat {
  const library = statx();
  return library === undefined
    ? fileStatOf(fstatSync(fd, { bigint: true }))
    : callStatx(library, fd, '', AT_EMPTY_PATH);
}

/** Throws as lstatSync. */
export function statAt(directory: number, file: BytePath): FileStat {
  const library = file.length < NAME_BYTES ? statx() : undefined;
  return library === undefined
    ? statByNode(directory, file)
    : callStatx(library, directory, file, AT_SYMLINK_NOFOLLOW);
}

function callStatx(library: Library, directory: number, file: BytePath, flags: number): FileStat {
  name[name.write(file, 'latin1')] = 0;
  library.call('statx', directory, name, flags, STATX_BASIC_STATS, answer);
  return decode();
}

/** musl has it since 1.2.5, glibc since 2.28. */
const statx = whereUsable((library) => callStatx(library, AT_FDCWD, '/', 0));

function decode(): FileStat {
  return {
    mode: answer.readUInt16LE(28),
    nlink: answer.readUInt32LE(16),
    uid: answer.readUInt32LE(20),
    gid: answer.readUInt32LE(24),
    size: numberAt(40),
    blocks: numberAt(48),
    dev: deviceOf(answer.readUInt32LE(136), answer.readUInt32LE(140)),
    ino: answer.readBigUInt64LE(32),
    mtimeNs: answer.readBigInt64LE(112) * NS + BigInt(answer.readUInt32LE(120)),
    ctimeNs: answer.readBigInt64LE(96) * NS + BigInt(answer.readUInt32LE(104)),
  };
}

const numberAt = (at: number): number => answer.readUInt32LE(at) + answer.readUInt32LE(at + 4) * 2 ** 32;

const device = { major: 0, minor: 0, number: 0n };

/** As `makedev` of the C library puts it together: so the number is the one that Node's stat tells. */
function deviceOf(major: number, minor: number): bigint {
  if (device.major === major && device.minor === minor) return device.number;
  const [high, low] = [BigInt(major), BigInt(minor)];
  device.number =
    ((high & 0xffff_f000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffff_ff00n) << 12n) | (low & 0xffn);
  device.major = major;
  device.minor = minor;
  return device.number;
}

const statByNode = (directory: number, file: BytePath): FileStat =>
  fileStatOf(lstatSync(fsPath(`/proc/self/fd/${directory}/${file}`), { bigint: true }));

export function fileStatOf(stats: BigIntStats): FileStat {
  return {
    mode: Number(stats.mode),
    nlink: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: Number(stats.size),
    blocks: Number(stats.blocks),
    dev: stats.dev,
    ino: stats.ino,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
  };
}
