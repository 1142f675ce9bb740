/** A store in a directory: an object is a file, a part of a name before a `/` a directory. Needs hard links. */
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, opendir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toBytePath } from '@gofr-backup/model';
import { fsyncPath, isErrno, NotRegular, openRegular } from '@gofr-backup/posix';
import { checkName, isName } from '../name.ts';
import { type ByteRange, NoSuchObject, type Store, type StoredObject } from '../store.ts';

/** No object's name begins with a dot: no list shows what a kill left. */
const UNFINISHED = '.unfinished-';

export class DirectoryStore implements Store {
  readonly #root: string;

  /** The directory is made by the first put. */
  constructor(root: string) {
    this.#root = root;
  }

  async put(
    name: string,
    content: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<'stored' | 'taken'> {
    const path = this.#pathOf(name);
    await makeDirectories(dirname(path));
    const unfinished = join(this.#root, `${UNFINISHED}${randomBytes(8).toString('hex')}`);
    try {
      await writeSynced(unfinished, content, signal);
      signal?.throwIfAborted();
      const stored = await linkNew(unfinished, path);
      sync(dirname(path));
      return stored ? 'stored' : 'taken';
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    if (range?.length === 0) return;
    const path = this.#pathOf(name);
    const span = range && { start: range.offset, end: range.offset + range.length - 1 };
    try {
      const file = await openRegular(path);
      yield* file.createReadStream({ ...span, ...(signal && { signal }) });
    } catch (error) {
      throw isMissing(error) || error instanceof NotRegular ? new NoSuchObject(name, error) : error;
    }
  }

  async size(name: string): Promise<number | undefined> {
    try {
      const found = await lstat(this.#pathOf(name));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    // only directories on the way to the prefix, and below it, are read
    const pending = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
    while (pending.length > 0) {
      const directory = pending.pop()!;
      for await (const { name: last, isDirectory } of entriesOf(join(this.#root, directory))) {
        signal?.throwIfAborted();
        const name = directory + last;
        if (!isName(name) || !name.startsWith(prefix.slice(0, name.length))) continue;
        const size = isDirectory ? void pending.push(`${name}/`) : await this.size(name);
        if (size !== undefined && name.startsWith(prefix)) yield { name, size };
      }
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#pathOf(name);
    if ((await this.size(name)) === undefined) return;
    await rm(path, { force: true });
    sync(dirname(path));
  }

  #pathOf(name: string): string {
    checkName(name);
    return join(this.#root, name);
  }
}

async function writeSynced(
  path: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using file = await open(path, 'wx');
  for await (const bytes of content) {
    signal?.throwIfAborted();
    await file.writeFile(bytes);
  }
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

async function* entriesOf(directory: string): AsyncGenerator<{ name: string; isDirectory: boolean }> {
  try {
    for await (const entry of await opendir(directory))
      yield { name: entry.name, isDirectory: entry.isDirectory() };
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

const isMissing = (error: unknown): boolean => isErrno(error, 'ENOENT', 'ENOTDIR');

function sync(directory: string): void {
  fsyncPath(toBytePath(directory));
}
