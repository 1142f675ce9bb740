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
  /** number of the component that it counts for, among those of the options */
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
 * The port before the engine. Every implementation must keep these rules:
 *
 * - Entries come in the same order at every backup, a directory before its content.
 * - They come in batches, lazily: an asynchronous step for each entry would cost more than the entry does.
 * - Content is a file that a thread may open: `contentPath`, else `source`. It may change while it is read.
 * - A failure to yield an entry goes into `report` and does not end the walk.
 * - Content stays until the source is disposed of, which is after the last of it was read.
 *
 * A tree on disk is one (tree/walk.ts). Another stands before it and gives consistent copies of databases for their files
 * (sqlite/snapshot.ts).
 */
export interface Source extends AsyncDisposable {
  readonly report: WalkReport;
  /** Asked for once. */
  entries(): AsyncIterable<readonly WalkEntry[]>;
  /** Reads the attributes of one path anew; undefined when it is gone. */
  entryAt(path: BytePath): Promise<WalkEntry | undefined>;
  /** The entry for an index entry of the previous archive whose file has not changed. */
  unchangedEntry(seen: Omit<WalkEntry, 'source' | 'component'>): WalkEntry;
}
