/** The map of a file without its holes, as the previous archive has it. */
import type { Compression } from '@gofr-backup/model';
import { readFully } from '@gofr-backup/posix';
import { decompressFrame } from '../../codec/codecs.ts';
import { digestFrame } from '../../codec/digest.ts';
import type { SliceSpan } from '../../index/slices.ts';
import type { IndexEntry, IndexFrame } from '../../index/types.ts';
import { parseSparseMap } from '../../tar/sparse.ts';
import type { HoledSlice } from '../../index/holed-slices.ts';

/**
 * What the slices of an unchanged file hold. Throws when the archive is damaged there. What the map calls a hole has only
 * zeros, so it is right for the file as long as this is unchanged, whatever its file system says of holes today.
 */
export function earlierSlices(
  archive: { fd: number; codec: Compression },
  { size, storedSize }: IndexEntry,
  [mapFrame, ...others]: readonly (SliceSpan & { frame: IndexFrame })[],
): HoledSlice[] {
  const content = readProved(archive, mapFrame!.frame);
  const map = parseSparseMap(content, size, storedSize!);
  return [
    { position: 0, length: content.length, content },
    ...others.map(({ position, length }) => ({ position, length, parts: [...map.take(length)] })),
  ];
}

function readProved(
  { fd, codec }: { fd: number; codec: Compression },
  { offset, length, rawLength, digest }: IndexFrame,
): Uint8Array {
  const stored = Buffer.allocUnsafeSlow(length);
  const isWhole = readFully(fd, stored, 0, length, offset) === length;
  const raw = decompressFrame(codec, isWhole ? stored : Buffer.alloc(0), rawLength);
  if (!digestFrame(raw, []).digest.equals(digest)) throw new RangeError('it is not what its digest says');
  return new Uint8Array(raw);
}
