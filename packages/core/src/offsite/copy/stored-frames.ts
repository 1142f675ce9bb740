/** Cuts an archive into the pieces whose stored bytes are looked up: its frames, or pieces cut by content. */
import type { FileHandle } from 'node:fs/promises';
import { openIndex } from '@gofr-backup/archive';
import { toBackupError, type Logger } from '@gofr-backup/model';
import { readWhole } from '@gofr-backup/posix';
import { cutLength } from './gear.ts';

/** Where one piece lies in the archive. */
export interface StoredFrame {
  offset: number;
  length: number;
}

/** Longer frames than any of this program's are cut, for the sake of memory. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Pieces of an archive without an index. */
const PIECES = { least: 64 * 1024, most: 1024 * 1024, bits: 18 };

/** All of them, one after another, from 0 to the end of the archive, which has `size` bytes. */
export async function* storedFrames(
  archive: FileHandle,
  size: number,
  { indexPath, sha256, logger }: { indexPath: string; sha256: string; logger: Logger },
): AsyncGenerator<StoredFrame> {
  const lengths = await frameLengths(indexPath, { size, sha256 }, logger);
  if (lengths === undefined) return yield* piecesByContent(archive, size);
  let offset = 0;
  for (const whole of lengths) {
    for (const end = offset + whole; offset < end;) {
      const length = Math.min(MOST_BYTES, end - offset);
      yield { offset, length };
      offset += length;
    }
  }
}

/** Undefined when there is no index of this archive: the copy is as good, the next one sends more. */
async function frameLengths(
  indexPath: string,
  of: { size: number; sha256: string },
  logger: Logger,
): Promise<Float64Array | undefined> {
  try {
    const { index, close } = await openIndex(indexPath);
    try {
      const { archiveSize, archiveSha256 } = index.facts;
      if (archiveSize !== of.size || archiveSha256 !== of.sha256) return undefined;
      const lengths = Float64Array.from(index.frames(), ({ length }) => length);
      return lengths.reduce((sum, length) => sum + length, 0) === of.size ? lengths : undefined;
    } finally {
      await close();
    }
  } catch (error) {
    const { why } = toBackupError(error, 'reading the index');
    logger.info({ indexPath, why }, 'no usable index: the archive is cut by its content');
    return undefined;
  }
}

async function* piecesByContent(archive: FileHandle, size: number): AsyncGenerator<StoredFrame> {
  const buffer = Buffer.allocUnsafeSlow(PIECES.most);
  for (let offset = 0; offset < size;) {
    const found = await readWhole(archive, buffer, offset);
    if (found === 0) return;
    const length = cutLength(buffer.subarray(0, found), PIECES);
    yield { offset, length };
    offset += length;
  }
}
