/** What lies in a place, by its lists alone: 1 request for 1000 objects. */
import { isName } from '@gofr-backup/store';
import {
  COPYING,
  INDEXES,
  PACKS,
  parseCopying,
  parsePackObject,
  parseTrashed,
  RECIPES,
  TRASH,
  type Trashed,
} from './layout.ts';
import type { Objects } from './objects.ts';

const MOST_LIST_BYTES = 256 * 1024 * 1024;

export interface Inventory {
  /** size of every pack's object, by SHA-256 */
  packs: Map<string, number>;
  /** size by object */
  recipes: Map<string, number>;
  indexes: Map<string, number>;
  trash: Map<string, Trashed>;
  /** packs (SHA-256) and indexes (object) that no recipe named when a prune looked: they may go, and are not used again */
  doomed: Set<string>;
  /** lists of packs of copies under way, with the time they were put */
  copying: Map<string, number>;
}

export async function takeInventory(objects: Objects, signal: AbortSignal): Promise<Inventory> {
  const packs = new Map<string, number>();
  for await (const { name, size } of objects.list(PACKS, signal)) {
    const sha256 = parsePackObject(name);
    if (sha256 !== undefined) packs.set(sha256, size);
  }
  const trash = await namesIn(objects, TRASH, signal, parseTrashed);
  return {
    packs,
    recipes: await sizesIn(objects, RECIPES, signal),
    indexes: await sizesIn(objects, INDEXES, signal),
    trash,
    doomed: await doomedObjects(objects, trash, signal),
    copying: await namesIn(objects, COPYING, signal, parseCopying),
  };
}

async function sizesIn(objects: Objects, prefix: string, signal: AbortSignal): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { name, size } of objects.list(prefix, signal)) found.set(name, size);
  return found;
}

async function namesIn<T>(
  objects: Objects,
  prefix: string,
  signal: AbortSignal,
  parse: (object: string) => T | undefined,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for await (const { name } of objects.list(prefix, signal)) {
    const parsed = parse(name);
    if (parsed !== undefined) found.set(name, parsed);
  }
  return found;
}

async function doomedObjects(
  objects: Objects,
  trash: ReadonlyMap<string, Trashed>,
  signal: AbortSignal,
): Promise<Set<string>> {
  const doomed = new Set<string>();
  for (const [object, { kind }] of trash)
    if (kind === 'unnamed') for (const item of await readList(objects, object, signal)) doomed.add(item);
  return doomed;
}

/** One a line: the SHA-256 of a pack, or the object of an index. Others are left out. */
export async function readList(objects: Objects, object: string, signal: AbortSignal): Promise<string[]> {
  const text = (await objects.read(object, signal, MOST_LIST_BYTES)).toString('latin1');
  return text.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line) || isIndexObject(line));
}
export const listText = (items: Iterable<string>): Buffer =>
  Buffer.from([...items].map((item) => `${item}\n`).join(''));

const isIndexObject = (line: string): boolean => line.startsWith(INDEXES) && isName(line);
