/**
 * The directories from an open one down to the one that is worked on, each opened from the one above. A link that takes the
 * place of one meanwhile is not followed.
 */
import type { BytePath, Identity } from '@gofr-backup/model';
import type { DirectoryHandle } from './directory-handle.ts';
import type { FileStat } from './native/file-stat.ts';

/** A tree may be deeper than a process may have files open. */
const MOST_OPEN = 128;

interface Link {
  name: BytePath;
  identity: Identity;
  /** absent: opened anew when it is needed again */
  handle?: DirectoryHandle | undefined;
}

export class OpenChain implements Disposable {
  readonly #top: DirectoryHandle;
  readonly #links: Link[] = [];

  /** The caller closes the top. */
  constructor(top: DirectoryHandle) {
    this.#top = top;
  }

  /** Throws as openSync, ENOTDIR when another directory has its name now. */
  get last(): DirectoryHandle {
    const link = this.#links.at(-1);
    if (link === undefined) return this.#top;
    link.handle ??= same(this.#top.openDirectory(this.#path(), { search: true }), link.identity);
    if (link.handle === undefined)
      throw Object.assign(new Error('ENOTDIR: another one'), { code: 'ENOTDIR' });
    return link.handle;
  }

  /** Goes down; answers the directory, which is the last now, and its attributes. Throws as openSync. */
  enter(name: BytePath): { directory: DirectoryHandle; stats: FileStat } {
    const directory = this.last.openDirectory(name, { search: true });
    const stats = directory.stat();
    this.#links.push({ name, identity: stats, handle: directory });
    const far = this.#links.at(-1 - MOST_OPEN);
    far?.handle?.close();
    if (far !== undefined) far.handle = undefined;
    return { directory, stats };
  }

  leave(): void {
    const left = this.#links.pop()?.handle;
    const link = this.#links.at(-1);
    if (link !== undefined && left !== undefined) link.handle ??= parentOf(left, link.identity);
    left?.close();
  }

  #path(): BytePath {
    return this.#links.map(({ name }) => name).join('/');
  }

  [Symbol.dispose](): void {
    for (const { handle } of this.#links.splice(0)) handle?.close();
  }
}

/** Undefined when the directory lies elsewhere now. The way from the top would cost the more the deeper the tree is. */
function parentOf(directory: DirectoryHandle, identity: Identity): DirectoryHandle | undefined {
  try {
    return same(directory.openParent(), identity);
  } catch {
    return undefined;
  }
}

function same(handle: DirectoryHandle, { dev, ino }: Identity): DirectoryHandle | undefined {
  const now = handle.stat();
  if (now.dev === dev && now.ino === ino) return handle;
  handle.close();
  return undefined;
}
