/** The raw bytes of a damaged frame, as far as they come: whoever takes them proves them. */
import { Readable } from 'node:stream';
import { createInflateRaw, createZstdDecompress } from 'node:zlib';
import type { Compression } from '@gofr-backup/model';
import { readFully } from '@gofr-backup/posix';
import { isCodecError } from '../codec/codecs.ts';
import type { IndexFrame } from '../index/types.ts';

/** Of every gzip member of this program. It may be damaged itself, and is not needed. */
const GZIP_HEADER_BYTES = 10;
/** An error drops the piece of output that is not full, so pieces are small. */
const PIECE_BYTES = 512;

/** gzip and zstd give what lies before the damage, `none` what is on the disk, bzip2 and xz nothing. */
export async function salvageFrame(
  archive: number,
  codec: Compression,
  { offset, length, rawLength }: IndexFrame,
): Promise<Buffer> {
  const room = Buffer.allocUnsafeSlow(length);
  const stored = room.subarray(0, readFully(archive, room, 0, length, offset));
  if (codec === 'none') return stored;
  if (codec === 'gzip') return outputOf(stored.subarray(GZIP_HEADER_BYTES), createInflateRaw, rawLength);
  if (codec === 'zstd') return outputOf(stored, createZstdDecompress, rawLength);
  return Buffer.alloc(0);
}

async function outputOf(
  input: Buffer,
  decoder: typeof createInflateRaw | typeof createZstdDecompress,
  most: number,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const output = Readable.from([input], { objectMode: false }).pipe(decoder({ chunkSize: PIECE_BYTES }));
  try {
    for await (const piece of output as AsyncIterable<Buffer>) {
      pieces.push(piece);
      if ((length += piece.length) >= most) break;
    }
  } catch (cause) {
    if (!isCodecError(cause)) throw cause;
  }
  return Buffer.concat(pieces).subarray(0, most);
}
