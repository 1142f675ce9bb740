/**
 * Writes what GNU's sparse format 1.0 adds to a file ("Storing Sparse Files" in GNU tar's manual): pax records, a name for
 * tars that do not know the format, and the map, which comes before the data.
 */
import type { BytePath } from '@gofr-backup/model';
import { BLOCK } from './header.ts';
import { paxRecord } from './pax.ts';
import type { DataPart } from './sparse.ts';

/** The most parts of a map, so that it is shorter than a slice: two numbers of 16 digits each, at most, and line ends. */
export const MOST_PARTS = 1 << 15;
/** GNU tar has its process number in place of the zero; an archive should be the same whoever writes it. */
const DIRECTORY = 'GNUSparseFile.0';

export function sparseRecords(path: BytePath, size: number): string {
  return (
    paxRecord('GNU.sparse.major', '1') +
    paxRecord('GNU.sparse.minor', '0') +
    paxRecord('GNU.sparse.name', path) +
    paxRecord('GNU.sparse.realsize', String(size))
  );
}

/** A tar that does not know the format makes a file of this name, which holds map and data. */
export function sparseName(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${DIRECTORY}/${path.slice(slash)}`;
}

/**
 * The map in whole blocks. All parts but the last must be whole blocks: GNU tar begins each at a block. A hole at the end is
 * a part without bytes.
 */
export function sparseMapBlocks(parts: readonly DataPart[], size: number): Buffer {
  const last = parts.at(-1);
  const endsInHole = last === undefined || last.position + last.length < size;
  const all = endsInHole ? [...parts, { position: size, length: 0 }] : parts;
  const numbers = all.flatMap(({ position, length }) => [position, length]);
  const text = [all.length, ...numbers].map((number) => `${number}\n`).join('');
  const blocks = Buffer.alloc(Math.ceil(text.length / BLOCK) * BLOCK);
  blocks.write(text, 'latin1');
  return blocks;
}
