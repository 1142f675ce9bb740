import type { BytePath } from './byte-path.ts';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink';

/** Extended attributes (xattr(7)), POSIX ACLs and capabilities among them: names are byte strings, values raw. */
export type Xattrs = ReadonlyMap<string, Buffer>;

/** A file's ten attributes, as the walk finds them, the index keeps them and the extraction restores them. */
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
  /** bytes of a file that is stored without its holes, as GNU's sparse format 1.0 has them: a map, then the data */
  storedSize?: number;
  /** absent: none, or they were not read */
  xattrs?: Xattrs;
}

/** As read from an archive. */
export interface ArchiveEntry extends FileFacts {
  /** SHA-256 of the content, where the index knows it */
  hash?: Buffer;
}

/**
 * Whether an attribute is archived and restored: what the owner of a file, or its administrator, sets: user attributes, POSIX
 * ACLs, file capabilities, and what only root sees. Labels of a security module belong to the host and its policy, as GNU tar
 * and rsync leave them out unless asked. Overlayfs's own marks belong to the mount.
 */
export const isKeptXattr = (name: string): boolean =>
  /^(user\.|system\.posix_acl_|security\.capability$|trusted\.(?!overlay\.))/.test(name);

/** Bytes of its content in an archive. */
export const storedSizeOf = ({ size, storedSize }: Pick<FileFacts, 'size' | 'storedSize'>): number =>
  storedSize ?? size;

/** Bytes that it takes on a disk, at least. */
export const dataSizeOf = ({ size, sparse, storedSize }: FileFacts): number =>
  storedSize ?? (sparse === true ? 0 : size);

export function areSameXattrs(one: Xattrs | undefined, other: Xattrs | undefined): boolean {
  return (one?.size ?? 0) === (other?.size ?? 0) && hasAllXattrs(other, one);
}

/** It may have others besides. */
export function hasAllXattrs(found: Xattrs | undefined, wanted: Xattrs | undefined): boolean {
  return [...(wanted ?? [])].every(([name, value]) => found?.get(name)?.equals(value) ?? false);
}
