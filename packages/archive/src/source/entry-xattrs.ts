/** The extended attributes of an entry that are archived. They are read where the entry is: by descriptors alone. */
import { closeSync, constants } from 'node:fs';
import { type BytePath, isKeptXattr, type Xattrs } from '@gofr-backup/model';
import { errnoOf, O_PATH, openBeneath, readXattrs, type XattrPlace } from '@gofr-backup/posix';
import { pathBelow } from './content.ts';
import type { WalkEntry } from './source.ts';

const { O_DIRECTORY } = constants;

/** The attributes of an entry, or why there are none: an errno, or what the writer says. */
export interface ReadXattrs {
  xattrs?: Xattrs;
  xattrsMissing?: string;
}

/** `fd`: the entry itself, where it is open. */
export function readEntryXattrs(entry: WalkEntry, fd: number | undefined): ReadXattrs {
  try {
    const xattrs = fd === undefined ? xattrsByName(entry) : archived(fd);
    return xattrs === undefined ? {} : { xattrs };
  } catch (cause) {
    return { xattrsMissing: errnoOf(cause) };
  }
}

/** Of a directory, a symlink, which is not followed, or a file that is not open. */
function xattrsByName(entry: WalkEntry): Xattrs | undefined {
  const below = pathBelow(entry);
  const slash = below.lastIndexOf('/');
  if (slash === -1) return archived({ directory: entry.root.fd, name: below === '' ? '.' : below });
  return inDirectory(entry.root.fd, below.slice(0, slash), (directory) =>
    archived({ directory, name: below.slice(slash + 1) }),
  );
}

function inDirectory<T>(root: number, path: BytePath, look: (directory: number) => T): T {
  const directory = openBeneath(root, path, O_PATH | O_DIRECTORY);
  try {
    return look(directory);
  } finally {
    closeSync(directory);
  }
}

function archived(place: XattrPlace): Xattrs | undefined {
  const all = readXattrs(place);
  if (all === undefined) return undefined;
  const names = [...all.keys()].filter(isKeptXattr).sort();
  return names.length === 0 ? undefined : new Map(names.map((name) => [name, all.get(name)!]));
}
