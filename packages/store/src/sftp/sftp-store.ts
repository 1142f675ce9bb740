/** A store on an SFTP server: an object is a file that may only be read, a part of a name before a `/` a directory. */
import { dirname, posix } from 'node:path';
import type { FileEntryWithStats, Stats } from 'ssh2';
import { checkName, isName } from '../name.ts';
import { cannotLock, neverLocked } from '../no-lock.ts';
import { NoSuchObject, StoreError } from '../store-error.ts';
import type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from '../store.ts';
import { sweepUnfinished, unfinishedName } from '../unfinished.ts';
import { type Watched, watched } from '../watched.ts';
import type { SftpConnection } from './sftp-connection.ts';
import { closeFile, type Handle, openFile, readSpan, statHandle, writeAll } from './sftp-files.ts';
import { isFailure, isForbidden, isMissing, isUnknown, sftpError } from './sftp-problem.ts';

const CLOCK = '.clock';
const WRITABLE = 0o644;

export class SftpStore implements Store {
  readonly #sftp: SftpConnection;
  readonly #root: string;
  #links = true;
  #syncs = true;
  #sweeping: Promise<void> | undefined;

  /** The root is made by the first put. */
  constructor(sftp: SftpConnection, root: string) {
    this.#sftp = sftp;
    this.#root = root;
  }

  async put(
    name: string,
    content: Content,
    { signal, retainUntil }: PutOptions = {},
  ): Promise<'stored' | 'taken'> {
    const path = this.#pathOf(name);
    if (retainUntil) throw noLock();
    const source = watched(content, signal);
    return this.#telling(`putting ${name}`, signal, () => this.#putAt(path, source, signal), source);
  }

  /** A file of mode 0444 cannot be opened for writing again, not even by who may do nothing but add files. */
  async #putAt(path: string, content: Watched, signal?: AbortSignal): Promise<'stored' | 'taken'> {
    await (this.#sweeping ??= this.#sweep(signal));
    const unfinished = posix.join(this.#root, unfinishedName());
    const handle = await this.#withDirectory(unfinished, () =>
      openFile(this.#sftp, unfinished, 'wx', undefined, signal),
    );
    const cleaned = async (): Promise<void> => {
      await closeFile(this.#sftp, handle).catch(() => {});
      await this.#unlink(unfinished);
    };
    try {
      await writeAll(this.#sftp, handle, content, signal);
      await this.#sync(handle, signal);
      signal?.throwIfAborted();
      const stored = await this.#withDirectory(path, () => this.#linkNew(unfinished, path, signal));
      await this.#syncDirectory(dirname(path), signal);
      return stored ? 'stored' : 'taken';
    } catch (error) {
      // as long as what was sent still takes the room
      if (error !== content.failure() && isFailure(error) && (await this.#isFull()))
        throw new StoreError('full', 'the server has no room left', { cause: error });
      throw error;
    } finally {
      const cleaning = cleaned().catch(() => {});
      // whoever aborts does not wait for a server that may have fallen silent
      if (!signal?.aborted) await cleaning;
    }
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const path = this.#pathOf(name);
    if (range?.length === 0) return;
    const doing = `reading ${name}`;
    const size = await this.size(name, signal);
    if (size === undefined) throw new NoSuchObject(name);
    const offset = range?.offset ?? 0;
    const length = Math.min(range?.length ?? size, size - offset);
    if (length <= 0) return;
    const handle = await this.#telling(doing, signal, () =>
      openFile(this.#sftp, path, 'r', undefined, signal),
    );
    let missing = length;
    try {
      for await (const bytes of readSpan(this.#sftp, handle, { offset, length }, signal)) {
        missing -= bytes.length;
        yield bytes;
      }
      if (missing > 0)
        throw new StoreError('failed', `${doing} failed`, { why: 'the file became shorter meanwhile' });
    } catch (error) {
      throw sftpError(error, doing, signal);
    } finally {
      void closeFile(this.#sftp, handle).catch(() => {});
    }
  }

  async size(name: string, signal?: AbortSignal): Promise<number | undefined> {
    const path = this.#pathOf(name);
    const found = await this.#telling(`looking at ${name}`, signal, () => this.#look(path, signal));
    return found?.isFile() ? found.size : undefined;
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    // only directories on the way to the prefix, and below it, are read
    const pending = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
    while (pending.length > 0) {
      const directory = pending.pop()!;
      for (const { filename, attrs } of await this.#entriesOf(directory, signal)) {
        const name = directory + filename;
        if (!isName(name) || !name.startsWith(prefix.slice(0, name.length))) continue;
        if (attrs.isDirectory()) pending.push(`${name}/`);
        else if (attrs.isFile() && name.startsWith(prefix))
          yield { name, size: attrs.size, modified: new Date(attrs.mtime * 1000) };
      }
    }
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    const path = this.#pathOf(name);
    if ((await this.size(name, signal)) === undefined) return;
    await this.#telling(`removing ${name}`, signal, async () => {
      await this.#sftp
        .ask<void>((it, done) => it.unlink(path, done), signal)
        .catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
      await this.#syncDirectory(dirname(path), signal);
    });
  }

  /** By a file that is written anew: credentials that cannot remove leave one, not many. */
  async now(signal?: AbortSignal): Promise<Date> {
    const path = posix.join(this.#root, CLOCK);
    return this.#telling('asking for the time', signal, async () => {
      const handle = await this.#withDirectory(path, () => openFile(this.#sftp, path, 'w', WRITABLE, signal));
      try {
        await this.#sftp.ask<void>((it, done) => it.write(handle, Buffer.from('.'), 0, 1, 0, done), signal);
        return new Date((await statHandle(this.#sftp, handle)).mtime * 1000);
      } finally {
        void closeFile(this.#sftp, handle).catch(() => {});
      }
    });
  }

  async extendLock(): Promise<void> {
    throw noLock();
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<undefined> {
    return neverLocked(this, name, signal);
  }

  /** As the server has shown so far; a server of OpenSSH can all of it. */
  async abilities(): Promise<Abilities> {
    return {
      overwrite: this.#links ? 'refused' : 'checked',
      durable: this.#syncs ? 'synced' : 'answered',
      clock: true,
      lock: false,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sftp[Symbol.asyncDispose]();
  }

  #pathOf(name: string): string {
    checkName(name);
    return posix.join(this.#root, name);
  }

  /** Directories are made when they turn out to be missing. */
  async #withDirectory<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.#makeDirectories(dirname(path));
      return work();
    }
  }

  /** Each is made once, so that a server whose directories cannot be made is not asked for ever. */
  async #makeDirectories(path: string): Promise<void> {
    const make = () => this.#sftp.ask<void>((it, done) => it.mkdir(path, done));
    try {
      await make().catch(async (error: unknown) => {
        if (!isMissing(error) || dirname(path) === path) throw error;
        await this.#makeDirectories(dirname(path));
        await make();
      });
    } catch (error) {
      // that it is there is told as any other failure
      if (!isFailure(error) || !(await this.#look(path))?.isDirectory()) throw error;
      return;
    }
    await this.#syncDirectory(dirname(path));
  }

  async #look(path: string, signal?: AbortSignal): Promise<Stats | undefined> {
    try {
      return await this.#sftp.ask<Stats>((it, done) => it.lstat(path, done), signal);
    } catch (error) {
      if (isMissing(error)) return undefined;
      // below a file there is nothing, which OpenSSH tells as a failure
      if (isFailure(error) && !(await this.#isBelowDirectory(path, signal))) return undefined;
      throw error;
    }
  }

  async #isBelowDirectory(path: string, signal?: AbortSignal): Promise<boolean> {
    const above = dirname(path);
    return above === path || (await this.#look(above, signal))?.isDirectory() === true;
  }

  async #entriesOf(directory: string, signal: AbortSignal | undefined) {
    const path = posix.join(this.#root, directory);
    return this.#telling('listing', signal, async () => {
      try {
        return await this.#sftp.ask<FileEntryWithStats[]>((it, done) => it.readdir(path, done), signal);
      } catch (error) {
        const found = isMissing(error) || isFailure(error) ? await this.#look(path, signal) : undefined;
        if (isMissing(error) || (isFailure(error) && !found?.isDirectory())) return [];
        throw error;
      }
    });
  }

  /** A hard link refuses a name that is taken; a rename of the protocol's third version should, but may look first and rename then. */
  async #linkNew(from: string, to: string, signal?: AbortSignal): Promise<boolean> {
    try {
      if (this.#links)
        await this.#sftp.ask<void>((it, done) => it.ext_openssh_hardlink(from, to, done), signal);
      else if (await this.#look(to, signal)) return false;
      else await this.#sftp.ask<void>((it, done) => it.rename(from, to, done), signal);
      return true;
    } catch (error) {
      if (isUnknown(error) && this.#links) {
        this.#links = false;
        return this.#linkNew(from, to, signal);
      }
      if (isFailure(error) && (await this.#look(to, signal))) return false;
      throw error;
    }
  }

  async #sync(handle: Handle, signal?: AbortSignal): Promise<void> {
    if (!this.#syncs) return;
    try {
      await this.#sftp.ask<void>((it, done) => it.ext_openssh_fsync(handle, done), signal);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      this.#syncs = false;
    }
  }

  /** To Linux a directory is a file that can be opened and synced; a server that refuses keeps its own counsel. */
  async #syncDirectory(path: string, signal?: AbortSignal): Promise<void> {
    if (!this.#syncs) return;
    try {
      const handle = await openFile(this.#sftp, path, 'r', undefined, signal);
      try {
        await this.#sync(handle, signal);
      } finally {
        await closeFile(this.#sftp, handle).catch(() => {});
      }
    } catch (error) {
      if (!isFailure(error) && !isForbidden(error)) throw error;
      this.#syncs = false;
    }
  }

  #sweep(signal?: AbortSignal): Promise<void> {
    return sweepUnfinished({
      found: async () =>
        (await this.#entriesOf('', signal)).map(({ filename: name, attrs }) => ({
          name,
          modified: attrs.isFile() ? new Date(attrs.mtime * 1000) : undefined,
        })),
      now: () => this.now(signal),
      remove: (name) => this.#unlink(posix.join(this.#root, name)),
    });
  }

  /** Who may not remove, leaves it: a second name of the same bytes. */
  async #unlink(path: string): Promise<void> {
    await this.#sftp.ask<void>((it, done) => it.unlink(path, done));
  }

  async #telling<T>(
    doing: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
    content?: Watched,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error === content?.failure()) throw error;
      throw sftpError(error, doing, signal);
    }
  }

  /** A full disk is told as any other failure: the server is asked how much room it has. */
  async #isFull(): Promise<boolean> {
    const room = await this.#sftp
      .ask<{ f_bavail: number; f_frsize: number }>((it, done) =>
        it.ext_openssh_statvfs(this.#root, (error, found) => done(error, found as never)),
      )
      .catch(() => undefined);
    return room !== undefined && room.f_bavail * room.f_frsize < ALMOST_NOTHING;
  }
}

/** bytes */
const ALMOST_NOTHING = 1_048_576;

const noLock = (): Error => cannotLock('objects on an SFTP server', 'its protocol knows no locks');
