/** What lies in a place, by its list alone: 1 request for 1000 objects. */
import { isName, NoSuchObject } from '@gofr-backup/store';
import {
  INDEXES,
  parseCopying,
  parsePackObject,
  parseTrashed,
  parseWriterObject,
  RECIPES,
  type Trashed,
} from './layout.ts';
import type { Objects } from './objects.ts';

const MOST_LIST_BYTES = 256 * 1024 * 1024;
const TRIES = 3;

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
  /** numbers of those who write, or wrote */
  writers: number[];
}

/**
 * By one list of everything. Objects that come or go meanwhile may be seen in part: what seems to be missing is asked for by its
 * name before it counts as lost.
 */
export async function takeInventory(objects: Objects, signal: AbortSignal): Promise<Inventory> {
  for (let attempt = 1; ; attempt++) {
    const found = await listAll(objects, signal);
    try {
      return { ...found, doomed: await doomedObjects(objects, found.trash, signal) };
    } catch (error) {
      // A prune has ended since, so packs that were seen may be gone.
      if (!(error instanceof NoSuchObject) || attempt === TRIES) throw error;
    }
  }
}

async function listAll(objects: Objects, signal: AbortSignal): Promise<Inventory> {
  const found: Inventory = {
    ...{ packs: new Map(), recipes: new Map(), indexes: new Map(), trash: new Map(), copying: new Map() },
    ...{ doomed: new Set(), writers: [] },
  };
  for await (const object of objects.list('', signal)) take(found, object);
  return found;
}

function take(found: Inventory, { name, size }: { name: string; size: number }): void {
  const pack = parsePackObject(name);
  const trashed = parseTrashed(name);
  const copying = parseCopying(name);
  const writer = parseWriterObject(name);
  if (pack !== undefined) found.packs.set(pack, size);
  else if (name.startsWith(RECIPES)) found.recipes.set(name, size);
  else if (name.startsWith(INDEXES)) found.indexes.set(name, size);
  else if (trashed !== undefined) found.trash.set(name, trashed);
  else if (copying !== undefined) found.copying.set(name, copying);
  else if (writer !== undefined) found.writers.push(writer);
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

/** One a line: the SHA-256 of a pack, or the object of an index. Others are left out. Throws NoSuchObject. */
export async function readList(objects: Objects, object: string, signal: AbortSignal): Promise<string[]> {
  const text = (await objects.read(object, signal, MOST_LIST_BYTES)).toString('latin1');
  return text.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line) || isIndexObject(line));
}

/** The same; undefined: it is gone. */
export async function readListIfThere(
  objects: Objects,
  object: string,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  try {
    return await readList(objects, object, signal);
  } catch (error) {
    if (error instanceof NoSuchObject) return undefined;
    throw error;
  }
}

export const listText = (items: Iterable<string>): Buffer =>
  Buffer.from([...items].map((item) => `${item}\n`).join(''));

const isIndexObject = (line: string): boolean => line.startsWith(INDEXES) && isName(line);
