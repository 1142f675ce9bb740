/**
 * Files in places where others may put something else. Such a file is opened here and nowhere else: no link is followed,
 * the writer of a FIFO is not waited for, and what is no regular file is refused.
 */
import * as fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type BytePath, displayPath, fsPath, isErrno, toBytePath } from '@gofr-backup/model';
import { readFully } from './source-file.ts';
import { readWhole } from './whole-read.ts';

/** Its code is none of the system's, whose errors are thrown as they are. */
export class NotRegular extends Error {
  readonly code = 'NOT_REGULAR';
  constructor(path: BytePath, kind: string) {
    super(`${displayPath(path)} is ${kind}, and a regular file is needed there`);
  }
}

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const APPENDING = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

export interface RegularFileOptions {
  /** a link is followed: for what an operator names, as secrets of Kubernetes are links */
  follow?: boolean;
}

/** For reading. */
export function openRegularSync(path: BytePath, { follow = false }: RegularFileOptions = {}): number {
  let fd: number | undefined;
  try {
    fd = fs.openSync(fsPath(path), follow ? FLAGS & ~O_NOFOLLOW : FLAGS);
    refuseOthers(path, fs.fstatSync(fd));
    return fd;
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    throw translated(path, error);
  }
}

/** For reading. */
export const openRegular = (path: string): Promise<FileHandle> => opened(path, FLAGS);

/** For appending; made, for its owner alone, when it is not there. */
export const openToAppend = (path: string): Promise<FileHandle> => opened(path, APPENDING);

async function opened(path: string, flags: number): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, flags, 0o600);
    refuseOthers(toBytePath(path), await file.stat());
    return file;
  } catch (error) {
    await file?.close();
    throw translated(toBytePath(path), error);
  }
}

function refuseOthers(path: BytePath, stat: fs.Stats): void {
  if (!stat.isFile()) throw new NotRegular(path, kindOf(stat));
}

const kindOf = (stat: fs.Stats): string =>
  stat.isDirectory() ? 'a directory' : stat.isFIFO() ? 'a FIFO' : 'a device';

/** What open(2) says of a link that it must not follow, and of a socket. */
function translated(path: BytePath, error: unknown): unknown {
  if (isErrno(error, 'ELOOP')) return new NotRegular(path, 'a link');
  return isErrno(error, 'ENXIO') ? new NotRegular(path, 'a socket') : error;
}

/** The size limit of a text: no journal is larger. */
const MOST_BYTES = 2 ** 30;

/** The text of a file; undefined when there is none. Larger ones are refused. */
export function readFileAt(path: BytePath, options: RegularFileOptions = {}): string | undefined {
  let fd: number | undefined;
  try {
    fd = openRegularSync(path, options);
    const text = bufferFor(path, fs.fstatSync(fd).size, MOST_BYTES);
    return text.toString('utf8', 0, readFully(fd, text, 0, text.length, 0));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** The same, without holding up the event loop. */
export async function readTextAt(path: string, most = MOST_BYTES): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await openRegular(path);
    const text = bufferFor(toBytePath(path), (await file.stat()).size, most);
    return text.toString('utf8', 0, await readWhole(file, text, 0));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  } finally {
    await file?.close();
  }
}

function bufferFor(path: BytePath, size: number, most: number): Buffer {
  if (size > most) throw new NotRegular(path, 'larger than any file of ours');
  return Buffer.allocUnsafe(size);
}
