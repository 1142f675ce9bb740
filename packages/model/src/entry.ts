import type { BytePath } from './byte-path.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink';

/** A file's nine attributes, as the walk finds them, the index keeps them and the extraction restores them. */
export interface FileFacts {
  /** in the archive */
  path: BytePath;
  type: EntryType;
  /** bytes of content; 0 but for files */
  size: number;
  /** permission bits with setuid, setgid and sticky */
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  /** symlink: its text; hardlink: the BytePath of its target within the archive */
  linkTarget?: BytePath;
  /** has holes; a restore makes them again */
  sparse?: boolean;
}

/** As read from an archive. */
export interface ArchiveEntry extends FileFacts {
  /** SHA-256 of the content, where the index knows it */
  hash?: Buffer;
  /** names are byte strings, values raw */
  xattrs?: ReadonlyMap<string, Buffer>;
}
