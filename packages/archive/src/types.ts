/** The archive engine's interface: what operations may ask of it. Everything else under archive/ is private. */
import type {
  ArchiveEntry,
  Codec,
  Component,
  Compression,
  EngineCodec,
  Identity,
  Ports,
  Warning,
} from '@gofr-backup/model';
import type { DirectoryHandle } from '@gofr-backup/posix';
import type { FileSystems } from './write/walk-start.ts';

/** The sources of an archive. */
export interface WalkOptions {
  components: readonly Component[];
  /** patterns in the language of .gitignore, see exclusion.ts */
  exclude: readonly string[];
  /** directories that are never archived, wherever the walk comes upon them: the backup directory */
  withheld?: readonly Identity[];
  /** links up to this directory are followed on the way to a component's root, below it none is (DATA_DIR) */
  base?: string;
  /** a component's root may be a symlink; default: that is CONFIG */
  followRootLinks?: boolean;
}

/** What a walk came upon; directories are no files. */
export interface Counted {
  files: number;
  bytes: number;
}

export interface CreateArchiveOptions extends Ports, WalkOptions {
  codec: Codec;
  /** temporary files to create (exclusively); complete and fsynced on return; the caller renames or removes them */
  archivePath: string;
  indexPath: string;
  threads: number;
  /** threads are added, up to so many, while those there are wait for a slow file system; default: none */
  readThreads?: number;
  /** 0-19, applied to the worker threads; I/O priority is lowered with it */
  nice?: number;
  /** bytes per second read from the sources */
  readRate?: number;
  /** the newest good archive and its index, to reuse frames from; anything wrong with it costs speed only */
  previous?: { archivePath: string; indexPath: string; sha256?: string };
  /** an existing directory for consistent copies of SQLite databases, gone when it returns; absent: they are archived as they lie */
  scratchDir?: string;
  /** extended attributes, ACLs and capabilities are archived; default: not */
  xattrs?: boolean;
  /** when every frame is equal to the previous archive's: hard-link it instead of copying */
  linkUnchanged: boolean;
  /** who is asked about the clocks of file systems; default: the system */
  fileSystems?: FileSystems;
}

export interface CreateArchiveResult {
  sha256: string;
  sizeBytes: number;
  /** regular files and links; no directories */
  files: number;
  sourceBytes: number;
  reusedBytes: number;
  linked: boolean;
  warnings: Warning[];
  /** files that the process may not read; they are all that the archive lacks */
  unreadable: { path: string; uid: number | undefined }[];
  /** per component, in order; a missing root has `present: false` */
  components: { name: string; present: boolean; files: number; bytes: number }[];
}

/** An archive that is still being written where it lies. Its length is final, and its index is whole. */
export interface Arrival {
  /** resolves when every byte before `end` is in the file; rejects when they will not come */
  until(end: number): Promise<void>;
}

export interface OpenArchiveOptions extends Ports {
  archivePath: string;
  /** absent: all of it is there */
  arrival?: Arrival | undefined;
  /** the .idx beside it; when absent, unreadable or not of this archive, the archive is streamed */
  indexPath?: string;
  /** of a damaged archive its index alone tells what it is: it may be cut short, or begin otherwise; for a salvage */
  asIndexed?: boolean;
  threads: number;
  /** who decodes gzip frames; default: own. A stream, read without an index, is always zlib's. */
  engine?: EngineCodec | undefined;
}

export interface ArchiveProblem {
  path?: string;
  message: string;
}

export interface VerifyReport {
  ok: boolean;
  problems: ArchiveProblem[];
  sha256: string;
  files: number;
  bytes: number;
  /** the archive is whole, but its index does not describe it: it was not used, and should be rebuilt */
  indexProblem?: string;
  /** an index was made on the way, and the reader uses it */
  indexMade?: boolean;
}

/** Where verify may put an index that it makes on the way. */
export interface IndexPlace {
  path: string;
  /** only for an archive with this checksum: another one must not take over the index of what was lost */
  sha256?: string;
}

/** Asked when there is no index of use. */
export type PlaceForIndex = () => Promise<IndexPlace | undefined>;

/** A piece of a file's content, and its place in the file. */
export interface FilePiece {
  offset: number;
  bytes: Buffer;
}

/** What an extraction takes on the disk. */
export interface ExtractSize {
  bytes: number;
  entries: number;
}

export interface ExtractOptions extends Ports {
  /** an existing, empty directory on the target's file system, or one that is held open; nothing is written outside it */
  directory: string | DirectoryHandle;
  /** archive paths (display form); each takes itself and all below it; absent: everything */
  paths?: string[];
  /** extended attributes, ACLs and capabilities are restored; default: they are */
  xattrs?: boolean;
  /** setuid and setgid bits and file capabilities are restored; default: they are. What is left out is a warning. */
  privileges?: boolean;
}

export interface ExtractReport {
  files: number;
  bytes: number;
  /** attributes that could not be set although the content is right, such as xattrs or owners */
  warnings: Warning[];
}

/** An opened archive. Every method may be called in any order, one at a time; close() always. */
export interface ArchiveReader {
  readonly codec: Compression;
  /** true when a valid index speeds this up */
  readonly indexed: boolean;
  /**
   * every entry in archive order, as extract makes it; ARCHIVE_HOSTILE when a name would lead outside. After a pass over all
   * of them, a verify or a measure, those that a later one of their name replaces are left out.
   */
  entries(): AsyncIterable<ArchiveEntry>;
  /**
   * Full decode, every frame and file hash against the index, sha256 of the archive against `expectedSha256`. Without an
   * index of use, and with a place for one, it is made on the way and used from then on: nothing is decoded again for it.
   */
  verify(ports: Ports, expectedSha256?: string, placeForIndex?: PlaceForIndex): Promise<VerifyReport>;
  /**
   * Checks all entries first (hostile: nothing is written), then extracts; throws ARCHIVE_DAMAGED on a wrong hash.
   * The files are not synced when it returns. A caller that needs them on the disk syncs once and must heed the
   * error, because the kernel reports it once.
   */
  extract(options: ExtractOptions): Promise<ExtractReport>;
  /** one regular file's content (hard links followed inside the archive) */
  content(path: string): AsyncIterable<Buffer>;
  /** the same in pieces, in order: between two of them, and after the last, the file has only zeros */
  pieces(path: string): AsyncIterable<FilePiece>;
  /** a part of it (absent: all) as a plain tar stream, which breaks off where the archive is damaged */
  tar(paths: readonly string[] | undefined, ports: Pick<Ports, 'signal' | 'progress'>): AsyncIterable<Buffer>;
  /** for each selection of paths (absent: everything) what its extraction takes, in one pass; `see` is given every entry */
  measure(
    selections: readonly (readonly string[] | undefined)[],
    see?: (entry: ArchiveEntry) => void,
  ): Promise<ExtractSize[]>;
  /**
   * Proves every file by itself: from then on the reader has only those that are right. Answers the others, by name.
   * Throws ARCHIVE_DAMAGED without an index: nothing tells then what is right.
   */
  salvage(ports: Pick<Ports, 'signal' | 'progress'>): Promise<readonly ArchiveProblem[]>;
  close(): Promise<void>;
}

export type CreateArchive = (options: CreateArchiveOptions) => Promise<CreateArchiveResult>;
export type OpenArchive = (options: OpenArchiveOptions) => Promise<ArchiveReader>;
/** Reads the whole archive and writes its index anew (to a temporary name, fsync, rename). */
export type RebuildIndex = (options: OpenArchiveOptions & { indexPath: string }) => Promise<void>;
