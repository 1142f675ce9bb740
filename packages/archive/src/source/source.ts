/** The port "who yields entries and opens their content". */
import type { BytePath, FileFacts, Warning } from '@gofr-backup/model';

/** One thing to archive, as lstat saw it. */
export interface WalkEntry extends FileFacts {
  /** on disk */
  source: BytePath;
  ctimeNs: bigint;
  /** modulo 2^52, for comparing */
  ino: number;
  sparse: boolean;
  /** read the content from here instead */
  contentPath?: string;
  /** device and inode of a file with several names */
  linkKey?: string;
  /** which of the options' components it counts for */
  component: number;
}

export interface WalkReport {
  warnings: Warning[];
  unreadable: { path: string; uid: number }[];
  present: boolean[];
  /** those that entries lie on, and a path on each */
  devices: Map<bigint, BytePath>;
}

/**
 * What stands before the engine. Its demands:
 *
 * - Entries come in one order, a directory before what is in it, and in the same order at every run.
 * - They come in batches, lazily: an asynchronous step for each entry would cost more than the entry does.
 * - Content is a file that a thread may open: `contentPath`, else `source`. It may change while it is read.
 * - What cannot be given is told in `report`, and does not end the walk.
 * - Content stays until the source is disposed of, which is after the last of it was read.
 *
 * A tree on disk is one (tree/walk.ts). Another stands before it and gives consistent copies of databases for their files
 * (sqlite/snapshot.ts).
 */
export interface Source extends AsyncDisposable {
  readonly report: WalkReport;
  /** Asked for once. */
  entries(): AsyncIterable<readonly WalkEntry[]>;
  /** Looks again at one path that an earlier run had seen; undefined when it is gone. */
  entryAt(path: BytePath): Promise<WalkEntry | undefined>;
  /** What an earlier run had seen, as this one would have found it: nothing about it has changed. */
  entryOf(seen: Omit<WalkEntry, 'source' | 'component'>): WalkEntry;
}
