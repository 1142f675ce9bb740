/** The root of a component: opened once, and everything of the component is found from the open directory on. */
import { statSync } from 'node:fs';
import {
  BackupError,
  type BytePath,
  type Component,
  displayPath,
  joinPath,
  toBytePath,
} from '@gofr-backup/model';
import {
  DirectoryHandle,
  type FileStat,
  fileStatOf,
  isDirectory,
  isLink,
  isLinkOnTheWay,
  isWithin,
  parentOf,
  realPath,
  statAt,
} from '@gofr-backup/posix';
import { pathBelow } from '../content.ts';
import type { OpenRoot } from '../source.ts';

export interface RootOptions {
  /** links up to this directory (DATA_DIR) are the operator's; below it the application may plant some */
  base?: BytePath | undefined;
  /** a root may be a link */
  follow: boolean;
}

/** One root, with the components that share it: it is walked once, so that the tree stays one sorted tree. */
export class SourceRoot implements Disposable {
  readonly path: BytePath;
  readonly archivePath: BytePath;
  readonly members: { component: number; select: Component['select'] }[] = [];
  #handle: DirectoryHandle | undefined;
  #place: OpenRoot | undefined;

  constructor(path: BytePath, archivePath: BytePath) {
    this.path = path;
    this.archivePath = archivePath;
  }

  /** Opens it, or the directory that holds it when it is a single file. Throws CONFIG for a link, and as lstatSync. */
  open({ follow, base }: RootOptions): FileStat {
    this[Symbol.dispose]();
    const path = follow ? realPath(this.path) : this.path;
    const name = path.slice(path.lastIndexOf('/') + 1);
    const parent = openAbove(path, follow ? undefined : base);
    try {
      const stats = statAt(parent.fd, name || '.');
      if (isLink(stats)) throw linkedRoot(displayPath(path));
      if (!isDirectory(stats)) {
        this.#hold(parent, { path: path.slice(0, -name.length), prefix: name, cut: this.archivePath.length });
        return stats;
      }
      const handle = parent.openDirectory(name || '.', { search: true });
      this.#hold(handle, { path: joinPath(path, ''), prefix: '', cut: this.archivePath.length + 1 });
      return handle.stat();
    } finally {
      if (this.#handle !== parent) parent.close();
    }
  }

  #hold(handle: DirectoryHandle, place: Omit<OpenRoot, 'fd'>): void {
    this.#handle = handle;
    this.#place = { fd: handle.fd, ...place };
  }

  /** The open directory. Throws when it was not opened. */
  get handle(): DirectoryHandle {
    return this.#handle!;
  }

  get place(): OpenRoot {
    return this.#place!;
  }

  /** The directory so many levels above the root. It cannot be opened as content. Throws as statSync. */
  above(levels: number): { place: OpenRoot; stats: FileStat } {
    const isFile = this.place.prefix !== '';
    const prefix = '/..'.repeat(isFile ? levels - 1 : levels) || '/.';
    const stats = fileStatOf(statSync(this.handle.path + prefix, { bigint: true }));
    return { place: { ...this.place, prefix: prefix.slice(1), cut: Infinity }, stats };
  }

  /** The attributes of what lies at a path of the archive. Throws as lstatSync; no link is followed. */
  statOf(path: BytePath): FileStat {
    return this.#below(path) === ''
      ? this.handle.stat()
      : this.within(path, (directory, name) => statAt(directory.fd, name));
  }

  /** Looks at a path of the archive in the directory that holds it; no link on the way is followed. */
  within<T>(path: BytePath, look: (directory: DirectoryHandle, name: BytePath) => T): T {
    const below = this.#below(path);
    const slash = below.lastIndexOf('/');
    if (slash === -1) return look(this.handle, below);
    using directory = this.handle.openDirectory(below.slice(0, slash), { search: true });
    return look(directory, below.slice(slash + 1));
  }

  #below(path: BytePath): BytePath {
    return pathBelow({ path, root: this.place });
  }

  [Symbol.dispose](): void {
    this.#handle?.close();
    this.#handle = undefined;
  }
}

/** The directory that holds a root. Links are followed as far as nobody but the operator can make them. */
function openAbove(path: BytePath, base: BytePath | undefined): DirectoryHandle {
  const above = parentOf(path);
  if (base === undefined || path === base || !isWithin(path, base))
    return DirectoryHandle.open(above, { follow: true, search: true });
  using trusted = DirectoryHandle.open(base, { follow: true, search: true });
  try {
    return trusted.openDirectory(above.slice(joinPath(base, '').length) || '.', { search: true });
  } catch (error) {
    throw isLinkOnTheWay(error) ? linkedRoot(displayPath(above)) : error;
  }
}

/** One for each root of the components, in their order. */
export function sourceRoots(components: readonly Component[]): SourceRoot[] {
  const roots = new Map<string, SourceRoot>();
  for (const [component, { root, archivePath, select }] of components.entries()) {
    const key = `${root}\0${archivePath}`;
    if (!roots.has(key)) roots.set(key, new SourceRoot(toBytePath(root), toBytePath(archivePath)));
    roots.get(key)!.members.push({ component, select });
  }
  return [...roots.values()];
}

/**
 * The error for a root that is a link. The application may write into DATA_DIR and could have planted a link to any
 * place.
 */
export function linkedRoot(root: string): BackupError {
  return new BackupError('CONFIG', `${root} is a symlink, and is not followed`, {
    why: 'it stands where a component has its directory, and the application itself could have put it there',
    hint:
      'Nothing was changed. Put the directory itself there or point the setting at where it lies; ' +
      'if the link is yours, set FOLLOW_ROOT_LINKS=true.',
    details: { root },
  });
}
