/** The port "who yields entries and opens their content". */
import type { BytePath, FileFacts, Warning } from '@gofr-backup/model';

/** An open directory that entries lie below: all that threads need to open them, as descriptors are the process's. */
export interface OpenRoot {
  fd: number;
  /** of the directory, with the slash */
  path: BytePath;
  /** so many bytes of an entry's path in the archive are left out, and this stands before the rest */
  cut: number;
  prefix: BytePath;
}

/** One thing to archive, as lstat saw it. */
export interface WalkEntry extends FileFacts {
  root: OpenRoot;
  ctimeNs: bigint;
  /** modulo 2^52, for comparing */
  ino: number;
  sparse: boolean;
  /** so much of it has no blocks that its holes are looked for */
  hollow?: boolean;
  /** read the content from here instead */
  contentPath?: string;
  /** device and inode of a file with several names */
  linkKey?: string;
  /** number of the component that it counts for, among those of the options */
  component: number;
}

/** An entry of the previous archive, of which the file has not changed. */
export type SeenEntry = Omit<WalkEntry, 'root' | 'component'>;

export interface WalkReport {
  warnings: Warning[];
  unreadable: { path: string; uid: number | undefined }[];
  present: boolean[];
  /** those that entries lie on, and a path on each */
  devices: Map<bigint, BytePath>;
}

/**
 * The port before the engine. Every implementation must keep these rules:
 *
 * - Entries come in the same order at every backup, a directory before its content.
 * - They come in batches, lazily: an asynchronous step for each entry would cost more than the entry does.
 * - Content is a file that a thread may open: see content.ts. It may change while it is read. The roots stay open until the
 *   source is disposed of.
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
  unchangedEntry(seen: SeenEntry): WalkEntry;
}
