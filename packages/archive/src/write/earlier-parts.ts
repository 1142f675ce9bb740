/**
 * What a frame that has changed has in common with the frame of the previous archive that it follows. Entries that are as
 * they were are kept, header and content, and not read. Content that only got another name is taken over and not read.
 * Content whose owner, mode or times changed is read, and where its bytes are the same it is not compressed anew.
 */
import { paddedLength } from '../index/file.ts';
import type { IndexEntry } from '../index/types.ts';
import type { ContentSpan } from '../codec/digest.ts';
import type { LinkedEntry } from './hard-links.ts';

/** Consecutive entries whose bytes are those of the earlier frame; places are in its raw bytes. */
export interface KeptEntries {
  /** how many of the entries to write come before them */
  after: number;
  from: number;
  to: number;
  /** where the header of the last of them begins */
  lastHeader: number;
  /** their content, without padding, where there is any */
  contents: ContentSpan[];
}

/** Where the content of an entry lies in the earlier frame's raw bytes. */
export interface EarlierContent extends ContentSpan {
  /** it is known to be the same, and need not be read */
  taken: boolean;
}

/** For a thread: how a frame is made of an earlier one. */
export interface EarlierParts {
  kept: KeptEntries[];
  /** of each entry to write */
  contents: (EarlierContent | undefined)[];
}

/**
 * The spans of an earlier frame that hold no content which may be in this one: its headers, when headers alone have changed.
 * None when some content is kept and some has to be read: most likely that is not what it was.
 */
export function headersBefore({ kept, contents }: EarlierParts, rawLength: number): ContentSpan[] {
  const known = contents.filter((content) => content !== undefined);
  if (kept.length > 0 && known.some(({ taken }) => !taken)) return [];
  const bodies = [...kept.flatMap((entries) => entries.contents), ...known];
  const headers: ContentSpan[] = [];
  let at = 0;
  for (const { start, end } of bodies.toSorted((one, other) => one.start - other.start)) {
    if (start > at) headers.push({ start: at, end: start });
    at = start + paddedLength(end - start);
  }
  if (at < rawLength) headers.push({ start: at, end: rawLength });
  return headers;
}

export interface PlannedParts extends EarlierParts {
  /** the entries to write */
  written: LinkedEntry[];
  /** of each entry of the frame: as it was, when it is kept */
  seen: (IndexEntry | undefined)[];
}

/** What has not changed about an entry that was in the earlier frame. */
export interface Sameness {
  entry(before: IndexEntry, now: LinkedEntry): boolean;
  content(before: IndexEntry, now: LinkedEntry): boolean;
}

/** Undefined when the frames have nothing in common. */
export function planParts(
  rawLength: number,
  before: readonly IndexEntry[],
  entries: readonly LinkedEntry[],
  same: Sameness,
): PlannedParts | undefined {
  const find = finder(before);
  const parts: PlannedParts = { kept: [], contents: [], written: [], seen: [] };
  let last = -1;
  for (const entry of entries) {
    const number = find(entry);
    const old = number === undefined ? undefined : before[number]!;
    const end = number === undefined ? 0 : (before[number + 1]?.headerOffset ?? rawLength);
    const plain = old !== undefined && isPlain(old, end);
    const kept = plain && old.type !== 'hardlink' && same.entry(old, entry);
    parts.seen.push(kept ? old : undefined);
    if (kept) {
      keep(parts, old, end, number === last + 1);
      last = number!;
      continue;
    }
    last = -1;
    parts.written.push(entry);
    parts.contents.push(
      plain && entry.type === 'file' ? contentOf(old, same.content(old, entry)) : undefined,
    );
  }
  return parts.kept.length > 0 || parts.contents.some((content) => content !== undefined) ? parts : undefined;
}

/** By name, else by inode: a file that was renamed. */
function finder(before: readonly IndexEntry[]): (entry: LinkedEntry) => number | undefined {
  const byPath = new Map(before.map(({ path }, number) => [path, number]));
  const byInode = new Map<number, number>();
  for (const [number, { type, ino }] of before.entries()) if (type === 'file') byInode.set(ino, number);
  return ({ path, ino }) => byPath.get(path) ?? byInode.get(ino);
}

/** Its content, if it has any, lies behind its header as it is. */
const isPlain = ({ sliced, type, size, dataOffset }: IndexEntry, end: number): boolean =>
  !sliced && dataOffset + (type === 'file' ? paddedLength(size) : 0) === end;

function keep({ kept, written }: PlannedParts, old: IndexEntry, to: number, adjacent: boolean): void {
  let run = adjacent ? kept.at(-1) : undefined;
  if (run === undefined) {
    run = { after: written.length, from: old.headerOffset, to, lastHeader: 0, contents: [] };
    kept.push(run);
  }
  run.to = to;
  run.lastHeader = old.headerOffset;
  const content = contentOf(old, true);
  if (content !== undefined) run.contents.push({ start: content.start, end: content.end });
}

function contentOf({ type, size, dataOffset }: IndexEntry, taken: boolean): EarlierContent | undefined {
  return type === 'file' && size > 0 ? { start: dataOffset, end: dataOffset + size, taken } : undefined;
}
