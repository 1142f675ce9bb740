/**
 * An open directory. What is done with a name in it is done in this very directory, wherever its path leads meanwhile:
 * Linux resolves `/proc/self/fd/<number>/<name>` from the open directory on.
 */
import * as fs from 'node:fs';
import { type BytePath, fsPath, type Identity, isErrno } from '@gofr-backup/model';
import { openBeneath } from './native/open-beneath.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

export class DirectoryHandle implements Disposable {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** The last name of the path is not followed when it is a link. Throws as openSync. */
  static open(path: BytePath): DirectoryHandle {
    return new DirectoryHandle(fs.openSync(fsPath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** A directory below this one; no link is followed on the way. */
  openDirectory(path: BytePath): DirectoryHandle {
    return new DirectoryHandle(openBeneath(this.fd, path, O_RDONLY | O_DIRECTORY));
  }

  /** For node:fs: a name in this directory, which must not be followed when it is a link. */
  at(name: BytePath): string | Buffer {
    return fsPath(`/proc/self/fd/${this.fd}/${name}`);
  }

  stat(): fs.BigIntStats {
    return fs.fstatSync(this.fd, { bigint: true });
  }

  identity(): Identity {
    return this.stat();
  }

  /** Of the name itself; undefined when there is none. */
  lstat(name: BytePath): fs.BigIntStats | undefined {
    try {
      return fs.lstatSync(this.at(name), { bigint: true });
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  names(): BytePath[] {
    return fs.readdirSync(`/proc/self/fd/${this.fd}`, { encoding: 'latin1' });
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
