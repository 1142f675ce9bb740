/** Files with holes, and what is to be seen of them without reading gigabytes of zeros. */
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataParts, readFully } from '@gofr-backup/posix';
import { sha256 } from '../create.fixture.ts';

export interface Layout {
  size: number;
  /** where data is written, and how much */
  data: { position: number; length: number }[];
}

const PAGE = 4096;

/** Bytes that are never zero, others at each place. */
export function bytesAt(position: number, length: number, salt = 0): Buffer {
  const bytes = Buffer.alloc(length);
  for (let n = 0; n < length; n++) bytes[n] = 1 + ((position + n * 31 + (n >> 8) + salt * 7) % 255);
  return bytes;
}

export function makeHoled(path: string, { size, data }: Layout): void {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, 'wx');
  for (const { position, length } of data) writeSync(fd, bytesAt(position, length), 0, length, position);
  ftruncateSync(fd, size);
  closeSync(fd);
}

/** Its size, and the hash of every page that has anything but zeros. */
export function pictureOf(path: string): { size: number; pages: Record<number, string> } {
  const fd = openSync(path, 'r');
  const { size } = statSync(path);
  const pages: Record<number, string> = {};
  const page = Buffer.alloc(PAGE);
  for (const { position, length } of dataParts(fd, size))
    for (let at = position - (position % PAGE); at < position + length; at += PAGE) {
      page.fill(0);
      readFully(fd, page, 0, PAGE, at);
      if (page.some((byte) => byte !== 0)) pages[at] = sha256(page);
    }
  closeSync(fd);
  return { size, pages };
}

/** Bytes that are no hole. Blocks of the file system's own, of which a file has as many as it likes, do not count. */
export function dataOf(path: string): number {
  const fd = openSync(path, 'r');
  let sum = 0;
  for (const { length } of dataParts(fd, statSync(path).size)) sum += length;
  closeSync(fd);
  return sum;
}
