/**
 * What this host knows, in plain, of what it copied to one store: it cannot read the store itself, because it holds public
 * keys only. For every copy three files: `.json` (which object, and its SHA-256), `.recipe` (the text), `.frames` (a
 * FrameTable). A lost cache costs an upload, no copy.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ignoring, TIERS } from '@gofr-backup/model';
import * as z from 'zod';
import {
  ensureOwnDirectory,
  isOwnDirectory,
  parseObject,
  readUnlessClosed,
  writeAtomically,
} from '../../repository/index.ts';
import { type CopyName, storedName } from '../layout.ts';
import { parseRecipe, type SignedRecipe } from '../recipe/parse.ts';
import { FrameTable } from './frame-table.ts';
import type { KnownCopy } from './known-copy.ts';
import { readBytes } from './read-bytes.ts';

const recordSchema = z.object({
  tier: z.enum(TIERS),
  filename: z.string(),
  /** the recipe's object, and what it is */
  object: z.string(),
  object_sha256: z.string(),
  arrived: z.string(),
  /** of the archive */
  sha256: z.string(),
  /** its recipe was seen in the trash: gone on purpose */
  trashed: z.boolean().exactOptional(),
});
/** A copy that this host made or read. */
export type CachedCopy = z.infer<typeof recordSchema>;

const PROOFS = 'proofs.json';
const proofsSchema = z.object({
  /** when each pack was read and found right, milliseconds since the epoch, by SHA-256 */
  packs: z.record(z.string(), z.number()),
  /** packs that were read and found wrong: never used again */
  damaged: z.array(z.string()),
  /** what each copy, by its recipe's object, was found to be */
  copies: z.record(
    z.string(),
    z.object({
      listed_at: z.string().exactOptional(),
      drilled_at: z.string().exactOptional(),
      ok: z.boolean(),
    }),
  ),
});
/** What was found when the store was looked at. */
export type Proofs = z.infer<typeof proofsSchema>;

export class Cache {
  readonly #copies: string;
  readonly pendingDir: string;
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.#copies = join(directory, 'copies');
    this.pendingDir = join(directory, 'pending');
  }

  static async open(directory: string): Promise<Cache> {
    await mkdir(dirname(dirname(directory)), { recursive: true });
    const cache = new Cache(directory);
    for (const path of [dirname(directory), directory, cache.#copies, cache.pendingDir])
      await ensureOwnDirectory(path, 0o700);
    return cache;
  }

  /** For a reader, who makes nothing; undefined: there is none. */
  static async openExisting(directory: string): Promise<Cache | undefined> {
    const cache = new Cache(directory);
    return (await isOwnDirectory(cache.#copies)) ? cache : undefined;
  }

  /** Newest first, by arrival. */
  async copies(): Promise<CachedCopy[]> {
    const found: CachedCopy[] = [];
    for (const name of await readdir(this.#copies)) {
      if (!name.endsWith('.json')) continue;
      const { content = '' } = await readUnlessClosed(join(this.#copies, name));
      const { data } = recordSchema.safeParse(parseObject(content));
      if (data !== undefined && name === `${stemOf(data)}.json`) found.push(data);
    }
    return found.sort((a, b) => Date.parse(b.arrived) - Date.parse(a.arrived));
  }

  async record(copy: CopyName): Promise<CachedCopy | undefined> {
    const { content = '' } = await readUnlessClosed(this.#path(copy, '.json'));
    return recordSchema.safeParse(parseObject(content)).data;
  }

  async recipeText(copy: CopyName): Promise<string | undefined> {
    return (await readBytes(this.#path(copy, '.recipe')))?.toString();
  }

  /** undefined: lost or damaged, or of another archive. */
  async recipe(copy: CachedCopy): Promise<SignedRecipe | undefined> {
    const text = await this.recipeText(copy);
    try {
      const recipe = text === undefined ? undefined : parseRecipe(text);
      return recipe?.entry.sha256 === copy.sha256 ? recipe : undefined;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** With its frames; undefined: lost or damaged. */
  async known(copy: CachedCopy): Promise<KnownCopy | undefined> {
    const recipe = await this.recipe(copy);
    const bytes = await readBytes(this.#path(copy, '.frames'));
    const frames = bytes && FrameTable.decode(bytes);
    if (recipe === undefined || frames?.end !== recipe.extents.size) return undefined;
    return { frames, extents: recipe.extents, packs: recipe.packs };
  }

  /** The record is written last: without it the other files count for nothing. */
  async put(copy: CachedCopy, text: string, frames?: FrameTable): Promise<void> {
    await rm(this.#path(copy, '.json'), { force: true });
    if (frames) await writeAtomically(this.#path(copy, '.frames'), frames.encode());
    await writeAtomically(this.#path(copy, '.recipe'), text);
    await writeAtomically(this.#path(copy, '.json'), JSON.stringify(copy));
  }

  /** Its recipe is known as long as it lies in the trash. */
  async setTrashed(copy: CachedCopy, trashed: boolean): Promise<void> {
    if ((copy.trashed ?? false) === trashed) return;
    await writeAtomically(this.#path(copy, '.json'), JSON.stringify({ ...copy, trashed }));
  }

  async forget(copy: CopyName): Promise<void> {
    for (const suffix of ['.json', '.recipe', '.frames'])
      await rm(this.#path(copy, suffix)).catch(ignoring('ENOENT'));
  }

  async proofs(): Promise<Proofs> {
    const { content = '' } = await readUnlessClosed(join(this.directory, PROOFS));
    return proofsSchema.safeParse(parseObject(content)).data ?? { packs: {}, damaged: [], copies: {} };
  }
  async putProofs(proofs: Proofs): Promise<void> {
    await writeAtomically(join(this.directory, PROOFS), JSON.stringify(proofs));
  }

  #path(copy: CopyName, suffix: string): string {
    return join(this.#copies, `${stemOf(copy)}${suffix}`);
  }
}

const stemOf = ({ tier, filename }: CopyName): string => `${tier}-${storedName(filename)}`;
