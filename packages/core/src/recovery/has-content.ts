/** Whether a file on the disk has the content that an archive has of it, byte by byte; holes cost nothing. */
import { closeSync } from 'node:fs';
import type { FilePiece } from '@gofr-backup/archive';
import type { BytePath } from '@gofr-backup/model';
import { breathe, dataParts, openRegularSync, readFully } from '@gofr-backup/posix';

const CHUNK = 1 << 20;
const ZEROS = Buffer.alloc(CHUNK);

/** Between two pieces, and after the last, there must be zeros: where the disk has a hole too, none is read. */
export async function hasContent(
  place: BytePath,
  pieces: AsyncIterable<FilePiece>,
  signal: AbortSignal,
): Promise<boolean> {
  const fd = openRegularSync(place);
  try {
    let at = 0;
    for await (const { offset, bytes } of pieces) {
      signal.throwIfAborted();
      await breathe();
      if (!hasZeros(fd, at, offset) || !hasBytes(fd, bytes, offset)) return false;
      at = offset + bytes.length;
    }
    return hasZeros(fd, at, Infinity);
  } finally {
    closeSync(fd);
  }
}

/** At most up to the end of the file. */
function hasZeros(fd: number, from: number, to: number): boolean {
  if (from === to) return true;
  for (const { position, length } of dataParts(fd, to, from)) {
    const end = position + length;
    for (let at = position; at < end;) {
      const wanted = Math.min(CHUNK, end - at);
      const read = readFully(fd, buffer, 0, wanted, at);
      if (buffer.compare(ZEROS, 0, read, 0, read) !== 0) return false;
      if (read < wanted) return true;
      at += read;
    }
  }
  return true;
}

const buffer = Buffer.allocUnsafeSlow(CHUNK);

function hasBytes(fd: number, wanted: Buffer, offset: number): boolean {
  for (let at = 0; at < wanted.length; at += CHUNK) {
    const length = Math.min(CHUNK, wanted.length - at);
    if (readFully(fd, buffer, 0, length, offset + at) < length) return false;
    if (buffer.compare(wanted, at, at + length, 0, length) !== 0) return false;
  }
  return true;
}
