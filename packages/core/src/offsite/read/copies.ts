/** The copies that a store has, and getting one of them out of it. */
import { hash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { BackupError, formatCount } from '@gofr-backup/model';
import { NoSuchObject } from '@gofr-backup/store';
import type { Cache } from '../cache/cache.ts';
import { existingCacheOf } from '../cache/cache-of.ts';
import { readFormat } from '../format.ts';
import type { Inventory } from '../inventory.ts';
import { RECIPES } from '../layout.ts';
import { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import type { SignedRecipe } from '../recipe/parse.ts';
import { opened } from '../sealing/sealing.ts';
import { toOffsiteError } from '../store-failure.ts';
import { writers } from '../writer.ts';
import { ArrivingArchive } from './arriving-archive.ts';
import { assembleArchive } from './assemble-archive.ts';
import { atOnce } from './at-once.ts';
import { PackReader } from './pack-reader.ts';
import { type Copy, knownCopy, readRecipe, type ReadingPlace, type Signer, type Unread } from './recipes.ts';

/** Recipes that are read at once. */
const AT_ONCE = 8;
const MOST_INDEX_BYTES = 2 ** 31;

export interface StoredCopy extends Copy {
  signer: Signer;
}

export class Copies {
  /** newest first, by the time of the backup */
  readonly copies: readonly StoredCopy[];
  readonly unread: readonly Unread[];
  readonly packs: PackReader;
  readonly #offsite: Offsite;
  readonly #objects: Objects;

  private constructor(
    offsite: Offsite,
    objects: Objects,
    found: { copies: readonly StoredCopy[]; unread: readonly Unread[]; packs: PackReader },
  ) {
    this.#offsite = offsite;
    this.#objects = objects;
    this.copies = found.copies;
    this.unread = found.unread;
    this.packs = found.packs;
  }

  /** `anew`: every recipe is read from the store, also where this host knows what it put there. `inventory`: nothing is listed. */
  static async open(
    offsite: Offsite,
    { anew = false, inventory }: { anew?: boolean; inventory?: Inventory } = {},
  ): Promise<Copies> {
    try {
      const objects = new Objects(offsite);
      const reading = readFormat(offsite, objects);
      const cache = reading.then((format) => existingCacheOf(offsite, format));
      const [format, read] = await Promise.all([
        reading,
        readAll(offsite, { objects, cache }, { anew, inventory }),
        cache,
      ]);
      const kind = { kind: format?.encryption ?? offsite.encryption.kind };
      const packs = new PackReader(objects, { ...offsite, encryption: kind });
      return new Copies(offsite, objects, { ...read, packs });
    } catch (error) {
      throw toOffsiteError(error, `reading the store ${offsite.name}`);
    }
  }

  /** By the name of its archive, or the newest: `latest`. Throws NO_SUCH_BACKUP. */
  find(name: string): StoredCopy {
    const found =
      name === 'latest' ? this.copies[0] : this.copies.find(({ name: { filename } }) => filename === name);
    if (found) return found;
    const closed = this.unread.filter((one) => one.closed).length;
    const unread =
      this.unread.length === 0
        ? ''
        : `, and ${formatCount(this.unread.length, 'recipe')} that cannot be read`;
    throw new BackupError('NO_SUCH_BACKUP', `There is no copy ${name} in the store ${this.#offsite.name}`, {
      why: `it has ${formatCount(this.copies.length, 'copy', 'copies')}${unread}`,
      hint:
        closed > 0
          ? 'Pass the identity (`--identity FILE`): the copies there are encrypted.'
          : 'See the names with `gofr-backup list --store …`.',
    });
  }

  /** The very archive, proved by its SHA-256; `path` must be free. */
  async fetchArchive({ recipe }: Copy, path: string): Promise<void> {
    await assembleArchive(recipe, this.packs, path, this.#offsite);
  }

  /** The same while it comes. Who reads it tells how far that is, and it does itself where somebody waits for the whole. */
  beginArchive({ recipe }: Copy, path: string): Promise<ArrivingArchive> {
    return ArrivingArchive.begin(recipe, this.packs, path, this.#offsite);
  }

  /** The index of the archive. False: there is none that is whole; nothing needs it but speed. */
  async fetchIndex({ recipe }: Copy, path: string): Promise<boolean> {
    const bytes = await this.#readIndex(recipe);
    if (bytes === undefined) return false;
    const part = `${path}.part`;
    try {
      {
        await using file = await open(part, 'wx', 0o600);
        await file.writeFile(bytes);
      }
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
    return true;
  }

  async #readIndex({ index, entry }: SignedRecipe): Promise<Buffer | undefined> {
    if (index === undefined) return undefined;
    const { logger, signal, identities, name } = this.#offsite;
    try {
      const object = await this.#objects.read(index.object, signal, Math.min(index.size, MOST_INDEX_BYTES));
      if (hash('sha256', object) !== index.sha256)
        throw new RangeError('its bytes are not those that were put');
      return await opened(object, index.object, identities);
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof NoSuchObject)) throw error;
      logger.warn(
        { store: name, backup: entry.filename, why: error.message },
        'the index of a copy cannot be used: the whole copy is read instead',
      );
      return undefined;
    }
  }
}

async function readAll(
  offsite: Offsite,
  { objects, cache }: { objects: Objects; cache: Promise<Cache | undefined> },
  { anew, inventory }: { anew: boolean; inventory: Inventory | undefined },
): Promise<{ copies: StoredCopy[]; unread: Unread[] }> {
  const [listed, signerOf] = await Promise.all([
    inventory ? [...inventory.recipes.keys()] : recipesIn(objects, offsite.signal),
    signers(offsite, objects, inventory?.writers),
  ]);
  const place = { objects, cache: await cache };
  const copies: StoredCopy[] = [];
  const unread: Unread[] = [];
  for (const read of await atOnce(listed, AT_ONCE, (object) => readOne(offsite, place, object, anew)))
    if (read.copy) copies.push({ ...read.copy, signer: signerOf(read.copy.recipe.key) });
    else unread.push(read.unread);
  return { copies: copies.sort(newestFirst), unread };
}

async function recipesIn(objects: Objects, signal: AbortSignal): Promise<string[]> {
  const listed: string[] = [];
  for await (const { name } of objects.list(RECIPES, signal)) listed.push(name);
  return listed;
}

async function readOne(offsite: Offsite, place: ReadingPlace, object: string, anew: boolean) {
  const known = anew ? undefined : await knownCopy(place.cache, object);
  return known ? { copy: known } : readRecipe(offsite, place, object);
}

async function signers(
  { signingKey, trustedKeys = [], signal }: Offsite,
  objects: Objects,
  numbers: readonly number[] | undefined,
): Promise<(key: string) => Signer> {
  const own = new Set([...trustedKeys, ...(signingKey ? [signingKey.publicKey] : [])]);
  const listed = new Set((await writers(objects, signal, numbers)).map((writer) => writer?.key));
  return (key) => (own.has(key) ? 'own' : listed.has(key) ? 'listed' : 'foreign');
}

function newestFirst(a: Copy, b: Copy): number {
  const [one, other] = [a, b].map(({ recipe }) => recipe.entry.created_at ?? recipe.arrived);
  return Date.parse(other!) - Date.parse(one!) || (a.name.filename < b.name.filename ? 1 : -1);
}
