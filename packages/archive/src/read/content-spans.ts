/** Where in an archive the stored bytes of some of its entries lie: what a reader of them reads, and nothing else. */
import type { BytePath } from '@gofr-backup/model';
import { EntrySelection } from '../extract/entry-selection.ts';
import type { ArchiveIndex } from '../index/file.ts';
import { checkLengths, sectionsOf } from '../index/sections.ts';
import type { IndexEntry } from '../index/types.ts';

export interface StoredSpan {
  offset: number;
  length: number;
}

/** Of what lies at and below `path` (display form; absent: all). Hard links are followed. Empty when nothing lies there. */
export function contentSpans(index: ArchiveIndex, path?: string): StoredSpan[] {
  const selection = new EntrySelection(path === undefined ? undefined : [path]);
  const targets = linkTargets(index, (entry) => selection.takes(entry.path));
  const wants = ({ path: at }: IndexEntry): boolean => selection.takes(at) || targets.has(at);
  const spans: StoredSpan[] = [];
  /** the file whose slices are wanted */
  let open: number | undefined;
  for (const { frame, entries, firstEntry, slice } of sectionsOf(index)) {
    const last = entries.at(-1);
    if (last?.sliced) open = wants(last) ? firstEntry + entries.length - 1 : undefined;
    const isWanted = slice ? slice.ordinal === open : entries.some(wants);
    if (!isWanted) continue;
    checkLengths(frame);
    spans.push({ offset: frame.offset, length: frame.length });
  }
  return spans;
}

/** A target may be a link itself: it is looked for until nothing is new. */
function linkTargets(index: ArchiveIndex, takes: (entry: IndexEntry) => boolean): Set<BytePath> {
  const found = new Set<BytePath>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const entry of index.entries())
      if (entry.type === 'hardlink' && (takes(entry) || found.has(entry.path))) found.add(entry.linkTarget!);
  }
  return found;
}
