/** An index read wholly into memory: what openIndex, which goes back to the file, is held against. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ArchiveIndex, checked } from './file.ts';
import { checkSum, decodeFooter, footerOf, MAGIC, trailerOf } from './footer.ts';

/** Throws as openIndex does. */
export async function loadIndex(path: string): Promise<ArchiveIndex> {
  return decodeIndex(await readFile(path));
}

export function decodeIndex(file: Buffer): ArchiveIndex {
  return checked(() => {
    const trailerAt = trailerOf(file.length);
    const trailer = file.subarray(trailerAt);
    checkSum(createHash('sha256').update(file.subarray(0, trailerAt)).digest(), trailer);
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
