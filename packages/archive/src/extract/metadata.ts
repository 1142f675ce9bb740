/** Owner, mode, times and extended attributes of what an extraction made, by its descriptor or in its open directory. */
import { fchmodSync, fchownSync, fstatSync, lchownSync } from 'node:fs';
import type { ArchiveEntry, BytePath } from '@gofr-backup/model';
import { type DirectoryHandle, setTimes, setTimesAt, writeXattr, type XattrPlace } from '@gofr-backup/posix';
import { type Refused, refuse, unlessRefused } from './refused.ts';

const SETUID = 0o4000;
const SETGID = 0o2000;
const PERMISSIONS = 0o7777;
const CAPABILITY = 'security.capability';
const ACL = 'system.posix_acl_';

export interface Metadata extends Pick<ArchiveEntry, 'path' | 'mode' | 'uid' | 'gid' | 'mtimeNs'> {
  xattrs?: ArchiveEntry['xattrs'] | undefined;
}

/** What a new file gets by itself in the directory extracted into: a tried one had them. */
export interface Fresh {
  uid: number;
  gid: number;
  /** bits of the mode that a new file gets when they are asked for; undefined: nobody knows */
  kept?: number;
}

/** What may be set, for all entries alike. */
export interface Grants {
  /** extended attributes, ACLs and capabilities */
  xattrs: boolean;
  /** setuid and setgid bits, and file capabilities */
  privileges: boolean;
}

interface Present {
  uid: number;
  gid: number;
  /** undefined: unknown */
  mode?: number | undefined;
}

/** Of files and directories. What is refused is counted in `refused`. */
export class MetadataWriter {
  readonly refused: Refused = {};
  readonly #fresh: Fresh;
  readonly #grants: Grants;

  constructor({ fresh, grants }: { fresh: Fresh; grants: Grants }) {
    this.#fresh = fresh;
    this.#grants = grants;
  }

  /** A new file of this process that was made with the mode `createdAs`. */
  setFile(fd: number, wanted: Metadata, createdAs: number): void {
    const { uid, gid, kept } = this.#fresh;
    const mode = kept === undefined ? undefined : createdAs & kept;
    this.#set(fd, this.#granted(wanted), { uid, gid, mode }, true);
  }

  setDirectory(fd: number, wanted: Metadata): void {
    const { uid, gid, mode } = fstatSync(fd);
    this.#set(fd, this.#granted(wanted), { uid, gid, mode: mode & PERMISSIONS }, false);
  }

  /** A symlink has no mode. */
  setLink(directory: DirectoryHandle, name: BytePath, wanted: Metadata): void {
    const { path, mtimeNs } = wanted;
    this.#chown(wanted, this.#fresh, (uid, gid) => lchownSync(directory.at(name), uid, gid));
    this.#setXattrs({ directory: directory.fd, name }, this.#granted(wanted), () => true);
    unlessRefused(this.refused, 'time', path, () => setTimesAt(directory.fd, name, mtimeNs));
  }

  /** Without what may not be set; privileges that are left out are counted. */
  #granted(wanted: Metadata): Metadata {
    const { path, mode, xattrs } = wanted;
    const { privileges } = this.#grants;
    const set = this.#grants.xattrs ? xattrs : undefined;
    const hasPrivileges = (mode & (SETUID | SETGID)) !== 0 || set?.has(CAPABILITY) === true;
    if (privileges || !hasPrivileges) return set === xattrs ? wanted : { ...wanted, xattrs: set };
    refuse(this.refused, 'privileges', path, 'this installation has not signed the backup');
    const others = [...(set ?? [])].filter(([name]) => name !== CAPABILITY);
    return { ...wanted, mode: mode & ~(SETUID | SETGID), xattrs: new Map(others) };
  }

  /**
   * Attributes that only an owner may set come before the file is given away, because root may lack CAP_FOWNER. A chown
   * clears setuid, setgid and capabilities, so these come after it.
   */
  #set(fd: number, wanted: Metadata, present: Present, isFile: boolean): void {
    const { path, mtimeNs, xattrs } = wanted;
    if (xattrs) this.#setXattrs(fd, wanted, (name) => name !== CAPABILITY && !name.startsWith(ACL));
    const special = isFile ? wanted.mode & (SETUID | SETGID) : 0;
    const plain = wanted.mode & ~special;
    if (plain !== present.mode) unlessRefused(this.refused, 'mode', path, () => fchmodSync(fd, plain));
    if (xattrs) this.#setXattrs(fd, wanted, (name) => name.startsWith(ACL));
    unlessRefused(this.refused, 'time', path, () => setTimes(fd, mtimeNs, mtimeNs));
    const owned = this.#chown(wanted, present, (uid, gid) => fchownSync(fd, uid, gid));
    if (special !== 0) this.#setSpecial(fd, wanted, special, owned);
    if (xattrs?.has(CAPABILITY)) this.#setXattrs(fd, wanted, (name) => name === CAPABILITY);
  }

  /** An ordinary user may still choose among the groups of his own. Answers what is right now. */
  #chown(
    { path, uid, gid }: Metadata,
    present: { uid: number; gid: number },
    change: (uid: number, gid: number) => void,
  ): Owned {
    if (uid === present.uid && gid === present.gid) return { user: true, group: true };
    const counted = this.refused.owner?.count ?? 0;
    if (unlessRefused(this.refused, 'owner', path, () => change(uid, gid)))
      return { user: true, group: true };
    if (gid === present.gid) return { user: false, group: true };
    const group = unlessRefused(this.refused, 'owner', path, () => change(present.uid, gid));
    this.refused.owner!.count = counted + 1;
    return { user: uid === present.uid, group };
  }

  /** With another owner than the archive's, these bits would lend the rights of somebody else. */
  #setSpecial(fd: number, { path, mode }: Metadata, special: number, { user, group }: Owned): void {
    const allowed = special & ((user ? SETUID : 0) | (group ? SETGID : 0));
    if (allowed !== 0)
      unlessRefused(this.refused, 'mode', path, () => fchmodSync(fd, (mode & ~special) | allowed));
    if (allowed !== special) refuse(this.refused, 'mode', path, 'it has another owner');
  }

  #setXattrs(place: XattrPlace, { path, xattrs }: Metadata, takes: (name: string) => boolean): void {
    const { refused } = this;
    const before = refused.xattrs?.count ?? 0;
    for (const [name, value] of xattrs ?? [])
      if (takes(name)) unlessRefused(refused, 'xattrs', path, () => writeXattr(place, name, value));
    if (refused.xattrs && refused.xattrs.count > before) refused.xattrs.count = before + 1;
  }
}

interface Owned {
  user: boolean;
  group: boolean;
}
