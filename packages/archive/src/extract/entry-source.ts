/** The source of entries and their content: an index and its frames, or the stream. */
import type { ArchiveEntry, BytePath, Compression } from '@gofr-backup/model';
import type { ExtractPlan } from './extract-plan.ts';
import type { Fresh, Grants } from './metadata.ts';
import type { Refused } from './refused.ts';
import type { FilePiece } from '../types.ts';

export interface EntrySource {
  readonly codec: Compression;
  /** bytes of the archive */
  readonly size: number;
  /** in archive order, with canonical paths; may be asked for again */
  entries(signal: AbortSignal): AsyncIterable<ArchiveEntry>;
  /**
   * The last entry whose path matches: the one that tar would leave on the disk. `before`: of those before this ordinal.
   */
  find(
    matches: (path: BytePath) => boolean,
    signal: AbortSignal,
    before?: number,
  ): Promise<FoundEntry | undefined>;
  /** Content of the regular file with this ordinal, counted from 0 over all entries; of holes there is none. */
  pieces(ordinal: number, signal: AbortSignal): AsyncIterable<FilePiece>;
  /**
   * The entries that are wanted, in archive order, as they are wanted; after each regular file its bytes, as they are
   * stored: a map before the data of a file with a stored size, else the bytes of holes among them. What is handed out was
   * proved.
   */
  members(wanted: Wanted, signal: AbortSignal): AsyncIterable<ArchiveEntry | Buffer>;
  /** Throws ARCHIVE_HOSTILE for a map of holes, of a file that the plan wants, that is none. */
  checkMaps(plan: ExtractPlan, signal: AbortSignal): Promise<void>;
  /** Prepares a writer of files, whose threads start while the plan is made. The caller disposes of it. */
  writerTo(target: WriteTarget): PlanWriter;
}

/** The entry with this ordinal (counted from 0 over all entries) as it is to be handed out; undefined: not at all. */
export type Wanted = (entry: ArchiveEntry, ordinal: number) => ArchiveEntry | undefined;

/** A fresh directory, open. */
export interface WriteTarget {
  root: number;
  fresh: Fresh;
  grants: Grants;
}

export interface PlanWriter extends AsyncDisposable {
  /** Writes the regular files that the plan wants, with their metadata. Answers what of it was refused. */
  write(work: FileWork): Promise<Refused>;
}

export interface FoundEntry {
  entry: ArchiveEntry;
  /** counted from 0 over all entries */
  ordinal: number;
}

export interface FileWork {
  plan: ExtractPlan;
  signal: AbortSignal;
  /** called as files are written */
  written(files: number, bytes: number): void;
}
