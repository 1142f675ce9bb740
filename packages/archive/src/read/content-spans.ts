/** Where in an archive the stored bytes of one file lie: what a reader of it reads, and nothing else. */
import type { BytePath } from '@gofr-backup/model';
import { pathMatcher } from '../extract/entry-selection.ts';
import type { ArchiveIndex } from '../index/file.ts';
import { checkLengths, slicesAfter } from '../index/sections.ts';
import type { IndexEntry, IndexFrame } from '../index/types.ts';

export interface StoredSpan {
  offset: number;
  length: number;
}

/** Empty when there is no such file. Hard links are followed, as `content` follows them. */
export function contentSpans(index: ArchiveIndex, path: string): StoredSpan[] {
  let found = entryAt(index, index.findLast(pathMatcher(path)));
  for (let hops = 0; found?.entry.type === 'hardlink' && hops < 10; hops++) {
    const target: BytePath = found.entry.linkTarget!;
    found = entryAt(
      index,
      index.findLast((candidate) => candidate === target),
    );
  }
  if (found?.entry.type !== 'file') return [];
  const { frame, entry } = found;
  const slices = entry.sliced ? [...slicesAfter(index, frame.number, entry.size)] : [];
  return [frame, ...slices.map((slice) => slice.frame)].map((one) => {
    checkLengths(one);
    return { offset: one.offset, length: one.length };
  });
}

function entryAt(
  index: ArchiveIndex,
  ordinal: number | undefined,
): { frame: IndexFrame; entry: IndexEntry } | undefined {
  if (ordinal === undefined) return undefined;
  for (const frame of index.frames()) {
    if (ordinal >= frame.firstEntry + frame.entryCount) continue;
    return { frame, entry: index.entriesOf(frame.number)[ordinal - frame.firstEntry]! };
  }
  return undefined;
}
