/** Everything below a directory as it is now, looked at without any code of the product. Paths are a character a byte. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';

export interface Item {
  kind: 'file' | 'link' | 'directory' | 'special';
  /** the bytes: `file <sha256>`, `link <text>`; of the others their kind */
  bytes: string;
  /** mode, owner, and time but of a directory */
  look: string;
}
export type Items = Map<string, Item>;

export const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');
export const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

/** `except`: what is noted as a directory, but not entered. */
export function photograph(root: string, except: (path: string, stats: BigIntStats) => boolean): Items {
  const items: Items = new Map();
  const pending = [root];
  while (pending.length > 0) {
    const path = pending.pop()!;
    const stats = lstatSync(bytes(path), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) continue;
    items.set(path, itemOf(path, stats));
    if (!stats.isDirectory() || except(path, stats)) continue;
    const names = readdirSync(bytes(path), { encoding: 'latin1' });
    for (const name of names.toSorted().reverse()) pending.push(`${path}/${name}`);
  }
  return items;
}

function itemOf(path: string, stats: BigIntStats): Item {
  const attributes = `${(stats.mode & 0o7777n).toString(8)} ${stats.uid} ${stats.gid}`;
  if (stats.isDirectory()) return { kind: 'directory', bytes: 'directory', look: attributes };
  if (stats.isSymbolicLink()) {
    const target = readlinkSync(bytes(path), { encoding: 'latin1' });
    return { kind: 'link', bytes: `link ${target}`, look: `${stats.uid} ${stats.gid}` };
  }
  if (!stats.isFile()) return { kind: 'special', bytes: 'special', look: attributes };
  return { kind: 'file', bytes: `file ${sha256Of(path)}`, look: `${attributes} ${stats.mtimeNs}` };
}

export const sha256Of = (path: string): string =>
  createHash('sha256')
    .update(readFileSync(bytes(path)))
    .digest('hex');
