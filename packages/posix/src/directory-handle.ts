/**
 * An open directory. What is done with a name in it is done in this very directory, wherever its path leads meanwhile:
 * Linux resolves `/proc/self/fd/<number>/<name>` from the open directory on.
 */
import * as fs from 'node:fs';
import { BackupError, type BytePath, fsPath, isErrno } from '@gofr-backup/model';
import { type FileStat, statAt, statOf } from './native/file-stat.ts';
import { O_PATH, openBeneath } from './native/open-beneath.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

interface Opening {
  /** the last name of the path may be a link */
  follow?: boolean;
  /**
   * Only names are looked up in it, which takes no right to list it. The descriptor itself can be neither synced nor
   * changed; `path` can.
   */
  search?: boolean;
}

export class DirectoryHandle implements Disposable {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Throws as openSync; ENOTDIR for a link that is not to be followed. */
  static open(path: BytePath, { follow = false, search = false }: Opening = {}): DirectoryHandle {
    demandProc();
    return new DirectoryHandle(fs.openSync(fsPath(path), flagsOf(search) | (follow ? 0 : O_NOFOLLOW)));
  }

  /** A directory below this one; no link is followed on the way. */
  openDirectory(path: BytePath, { search = false }: Omit<Opening, 'follow'> = {}): DirectoryHandle {
    return new DirectoryHandle(openBeneath(this.fd, path, flagsOf(search)));
  }

  /** The directory that this one lies in now. */
  openParent(): DirectoryHandle {
    return new DirectoryHandle(fs.openSync(`${this.path}/..`, flagsOf(true)));
  }

  /** For node:fs: this very directory. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /** For node:fs: a name in this directory, which must not be followed when it is a link. */
  at(name: BytePath): string | Buffer {
    return fsPath(`${this.path}/${name}`);
  }

  stat(): FileStat {
    return statOf(this.fd);
  }

  /** Of the name itself; undefined when there is none. */
  lstat(name: BytePath): FileStat | undefined {
    try {
      return statAt(this.fd, name);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  names(): BytePath[] {
    return fs.readdirSync(this.path, { encoding: 'latin1' });
  }

  chmod(mode: number): void {
    fs.chmodSync(this.path, mode);
  }

  /** Makes the names in it durable. File systems that cannot sync a directory are left as they are. */
  sync(): void {
    const fd = fs.openSync(this.path, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(fd);
    } catch (error) {
      if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'EISDIR', 'EBADF')) throw error;
    } finally {
      fs.closeSync(fd);
    }
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const flagsOf = (search: boolean): number => (search ? O_PATH : O_RDONLY) | O_DIRECTORY;

let hasProc = false;

/** Without it no name can be looked up in an open directory. */
function demandProc(): void {
  hasProc ||= fs.existsSync('/proc/self/fd');
  if (hasProc) return;
  throw new BackupError('CONFIG', '/proc is not mounted', {
    why: 'files are opened through it, so that no link which is put there meanwhile leads out of their directory',
    hint: 'Mount it: mount -t proc proc /proc',
  });
}
