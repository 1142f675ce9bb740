/** An index read wholly into memory, and judged in one go: for a look at many indexes, one after the other. */
import { hash } from 'node:crypto';
import { openRegular, readWhole } from '@gofr-backup/posix';
import { ArchiveIndex, checked } from './file.ts';
import { checkSum, decodeFooter, footerOf, MAGIC, trailerOf } from './footer.ts';

/** Throws as openIndex does. */
export async function loadIndex(path: string): Promise<ArchiveIndex> {
  await using file = await openRegular(path);
  const { size } = await file.stat();
  const bytes = Buffer.allocUnsafeSlow(size);
  return decodeIndex(bytes.subarray(0, await readWhole(file, bytes, 0)));
}

export function decodeIndex(file: Buffer): ArchiveIndex {
  return checked(() => {
    const trailerAt = trailerOf(file.length);
    const trailer = file.subarray(trailerAt);
    checkSum(hash('sha256', file.subarray(0, trailerAt), 'buffer'), trailer);
    const footerAt = footerOf(trailer, trailerAt);
    const magic = file.subarray(0, MAGIC.length);
    const footer = file.subarray(footerAt, trailerAt);
    return new ArchiveIndex(
      decodeFooter({ magic, footer, footerAt, trailer }),
      ({ at, columnsLength, hashesLength }) => ({
        columns: file.subarray(at, at + columnsLength),
        hashes: file.subarray(at + columnsLength, at + columnsLength + hashesLength),
      }),
    );
  });
}
