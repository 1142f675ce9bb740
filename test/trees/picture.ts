/** What a tree looks like to Python, by archive path. Paths, names and link texts are a character a byte. */
import type { Python } from '../python.ts';

export interface Item {
  kind: 'file' | 'directory' | 'link' | 'special';
  mode: number;
  /** `uid:gid` */
  owner: string;
  /** nanoseconds since 1970 */
  mtime: string;
  inode: string;
  device: number;
  size: number;
  /** bytes on disk */
  allocated: number;
  /** the text of a link; of a file what is written in it, or what a database says */
  content: string;
}
export type Picture = Map<string, Item>;

/** One thing done to a tree: what, where, and how. */
export type Deed = [name: string, path: string, how: Record<string, unknown>];

export const withName = (parent: string, name: string): string =>
  name === '' ? parent : `${parent}/${name}`;

export async function askFor<T>(python: Python, ...question: unknown[]): Promise<T> {
  const { done, failed } = await python.ask<{ done: T; failed?: string }>(question);
  if (failed !== undefined) throw new Error(failed);
  return done;
}

/** Of several roots, each by what its paths begin with. */
export async function pictureOf(python: Python, roots: Iterable<[string, string]>): Promise<Picture> {
  const picture: Picture = new Map();
  for (const [prefix, root] of roots) {
    const found = await askFor<[string, Item][]>(python, 'picture', root);
    for (const [path, item] of found) picture.set(prefix === '' ? path : withName(prefix, path), item);
  }
  return picture;
}
