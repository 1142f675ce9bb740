/** A store in a directory: an object is a file, a part of a name before a `/` a directory. Needs hard links. */
import type { Stats } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toBytePath } from '@gofr-backup/model';
import { entriesIn, fsyncPath, isErrno, NotRegular, openRegular } from '@gofr-backup/posix';
import { toStoreError } from '../errno-problem.ts';
import { checkName, isName } from '../name.ts';
import { cannotLock, neverLocked } from '../no-lock.ts';
import { NoSuchObject } from '../store-error.ts';
import type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from '../store.ts';
import { sweepUnfinished, unfinishedName } from '../unfinished.ts';
import { type Watched, watched } from '../watched.ts';

export class DirectoryStore implements Store {
  readonly #root: string;
  /** once for each opened store, with its first put */
  #sweeping: Promise<void> | undefined;

  /** The directory is made by the first put. */
  constructor(root: string) {
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
    return telling(`putting ${name}`, () => this.#putAt(path, source), source);
  }

  async #putAt(path: string, content: Watched): Promise<'stored' | 'taken'> {
    await makeDirectories(dirname(path));
    await (this.#sweeping ??= this.#sweep());
    const unfinished = this.#unfinished();
    try {
      await writeSynced(unfinished, content);
      const stored = await linkNew(unfinished, path);
      sync(dirname(path));
      return stored ? 'stored' : 'taken';
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const path = this.#pathOf(name);
    if (range?.length === 0) return;
    const span = range && { start: range.offset, end: range.offset + range.length - 1 };
    try {
      const file = await openRegular(path);
      yield* file.createReadStream({ ...span, ...(signal && { signal }) });
    } catch (error) {
      if (isMissing(error) || error instanceof NotRegular) throw new NoSuchObject(name, error);
      throw toStoreError(error, `reading ${name}`);
    }
  }

  async size(name: string): Promise<number | undefined> {
    return (await this.#look(name))?.size;
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    // only directories on the way to the prefix, and below it, are read
    const pending = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
    while (pending.length > 0) {
      const directory = pending.pop()!;
      for (const { name: last, isDirectory } of entriesOf(join(this.#root, directory))) {
        signal?.throwIfAborted();
        const name = directory + last;
        if (!isName(name) || !name.startsWith(prefix.slice(0, name.length))) continue;
        const found = isDirectory ? void pending.push(`${name}/`) : await this.#look(name);
        if (found && name.startsWith(prefix)) yield { name, size: found.size, modified: found.mtime };
      }
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#pathOf(name);
    if ((await this.#look(name)) === undefined) return;
    await telling(`removing ${name}`, async () => {
      await rm(path, { force: true });
      sync(dirname(path));
    });
  }

  /** By a file made for it: on a network's file system its time is the server's. */
  async now(): Promise<Date> {
    const path = this.#unfinished();
    return telling('asking for the time', async () => {
      await makeDirectories(this.#root);
      try {
        await using file = await open(path, 'wx');
        // of an empty file the client might make up the time
        await file.writeFile('.');
        await file.sync();
        return (await file.stat()).mtime;
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  async extendLock(): Promise<void> {
    throw noLock();
  }

  async lockedUntil(name: string): Promise<undefined> {
    return neverLocked(this, name);
  }

  async abilities(): Promise<Abilities> {
    return { overwrite: 'refused', durable: 'synced', clock: true, lock: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #sweep(): Promise<void> {
    const at = (name: string): string => join(this.#root, name);
    const dated = async (name: string) => {
      const stat = await lstat(at(name));
      return { name, modified: stat.isFile() ? stat.mtime : undefined };
    };
    return sweepUnfinished({
      found: async () => Promise.all((await readdir(this.#root)).map(dated)),
      now: () => this.now(),
      remove: (name) => rm(at(name), { force: true }),
    });
  }

  #unfinished(): string {
    return join(this.#root, unfinishedName());
  }

  async #look(name: string): Promise<Stats | undefined> {
    const path = this.#pathOf(name);
    try {
      const found = await lstat(path);
      return found.isFile() ? found : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw toStoreError(error, `looking at ${name}`);
    }
  }

  #pathOf(name: string): string {
    checkName(name);
    return join(this.#root, name);
  }
}

const noLock = (): Error =>
  cannotLock('objects in a directory', 'whoever may write there may remove what is there');

/** Failures of the system are told by kind; those of the content stay what they are. */
async function telling<T>(doing: string, work: () => Promise<T>, content?: Watched): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error === content?.failure() ? error : toStoreError(error, doing);
  }
}

async function writeSynced(path: string, content: Content): Promise<void> {
  await using file = await open(path, 'wx');
  for await (const bytes of content) await file.writeFile(bytes);
  await file.sync();
}

/** link(2) refuses a name that is taken, where rename(2) would replace it. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Every directory that is made is made durable in the one above it. */
async function makeDirectories(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) sync(dirname(made));
}

function* entriesOf(directory: string): Generator<{ name: string; isDirectory: boolean }> {
  try {
    for (const entry of entriesIn(toBytePath(directory)))
      yield { name: entry.name.toString(), isDirectory: entry.isDirectory() };
  } catch (error) {
    if (!isMissing(error)) throw toStoreError(error, 'listing');
  }
}

const isMissing = (error: unknown): boolean => isErrno(error, 'ENOENT', 'ENOTDIR');

function sync(directory: string): void {
  fsyncPath(toBytePath(directory));
}
