/** Zeros behind a compressed stream: a tar that writes into a pipe fills its last record up with them, as bsdtar does. */
import type { FileHandle } from 'node:fs/promises';
import { readWhole } from '@gofr-backup/posix';

/** No tar has longer records. */
const MOST_PADDING = 64 << 20;
const CHUNK = 64 << 10;
/** The last bits of a bzip2 stream: this mark, a checksum of 32 bits, and zeros up to the next byte. */
const BZIP2_END = 0x1772_4538_5090n;
const CHECKSUM_BITS = 32n;
const MARK_BITS = 48n;
/** bytes that the mark, the checksum and the filling lie in */
const BZIP2_TAIL = 11;

/** Whether nothing but zeros follows, and not too many. */
export async function isPadding(archive: FileHandle, from: number): Promise<boolean> {
  const { size } = await archive.stat();
  return size - from <= MOST_PADDING && (await zerosFrom(archive, size)) <= from;
}

/** Whether a bzip2 archive ends with the end of a stream and zeros: bzip2 itself ignores whatever follows. */
export async function isPaddedBzip2(archive: FileHandle): Promise<boolean> {
  const { size } = await archive.stat();
  const zeros = await zerosFrom(archive, size);
  if (size - zeros > MOST_PADDING) return false;
  // the checksum may end in zeros itself
  for (let end = zeros; end <= Math.min(size, zeros + 4); end++)
    if (await endsBzip2(archive, end)) return true;
  return false;
}

async function endsBzip2(archive: FileHandle, end: number): Promise<boolean> {
  const tail = Buffer.alloc(BZIP2_TAIL);
  if (end < tail.length) return false;
  await readWhole(archive, tail, end - tail.length);
  const bits = BigInt(`0x${tail.toString('hex')}`);
  for (let filling = 0n; filling < 8n; filling++)
    if (BigInt.asUintN(Number(MARK_BITS), bits >> (filling + CHECKSUM_BITS)) === BZIP2_END) return true;
  return false;
}

/** Where the zeros at the end begin; no more of them are looked at than a padding may have. */
async function zerosFrom(archive: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0 && size - end <= MOST_PADDING;) {
    const chunk = Buffer.alloc(Math.min(CHUNK, end));
    await readWhole(archive, chunk, end - chunk.length);
    const last = chunk.findLastIndex((byte) => byte !== 0);
    end -= chunk.length;
    if (last !== -1) return end + last + 1;
  }
  return 0;
}
