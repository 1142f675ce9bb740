/**
 * Cuts the walk into frames. The hash of a name, weighted by that entry's size, decides whether a frame ends with it.
 * So a file that is added or removed moves the ends of its own frame only, and the other frames are found again.
 */
import { crc32 } from 'node:zlib';
import type { BytePath } from '@gofr-backup/model';
import { paddedLength } from '../index/file.ts';
import { FRAME_BYTES, SLICE_BYTES } from '../index/sizes.ts';
import type { WalkEntry } from '../source/source.ts';

const LEAST_FRAME_BYTES = FRAME_BYTES / 4;
const MOST_FRAME_BYTES = FRAME_BYTES * 2;
const HASH_RANGE = 2 ** 32;

/** Consecutive entries that are one frame, or one big file whose content is cut into slices. */
export interface PlannedFrame {
  entries: WalkEntry[];
  sliced: boolean;
}

export async function* cutFrames(batches: AsyncIterable<Iterable<WalkEntry>>): AsyncGenerator<PlannedFrame> {
  let collected: WalkEntry[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    for (const entry of batch) {
      const sliced = isSliced(entry);
      const more = estimatedLength(entry);
      if (collected.length > 0 && (sliced || bytes + more > MOST_FRAME_BYTES)) {
        yield { entries: collected, sliced: false };
        [collected, bytes] = [[], 0];
      }
      if (sliced) {
        yield { entries: [entry], sliced: true };
        continue;
      }
      collected.push(entry);
      bytes += more;
      if (bytes >= LEAST_FRAME_BYTES && endsFrame(entry, more)) {
        yield { entries: collected, sliced: false };
        [collected, bytes] = [[], 0];
      }
    }
  }
  if (collected.length > 0) yield { entries: collected, sliced: false };
}

/** What is hollow may prove to be a small file without holes: it is a frame of its own then. */
const isSliced = ({ type, size, hollow }: WalkEntry): boolean =>
  size > SLICE_BYTES || (hollow === true && type === 'file');

/** The most bytes that an entry takes in the tar stream: header, pax record of the time, long names, content. */
export function estimatedLength({ path, linkTarget, size }: WalkEntry): number {
  return 3 * 512 + longName(path) + longName(linkTarget ?? '') + paddedLength(size);
}

function longName(name: string): number {
  return name.length < 100 ? 0 : 512 + paddedLength(name.length + 2);
}

/**
 * A directory that is renamed leaves the ends of frames as they are, but for those of what lies in it directly: only the last
 * two parts of a name are looked at.
 */
const endOfName = (path: BytePath): BytePath =>
  path.slice(path.lastIndexOf('/', path.lastIndexOf('/') - 1) + 1);

/** True with a probability of length / (what is left to the aim), so that frames average FRAME_BYTES. */
function endsFrame(entry: WalkEntry, length: number): boolean {
  return crc32(endOfName(entry.path)) / HASH_RANGE < length / (FRAME_BYTES - LEAST_FRAME_BYTES);
}
