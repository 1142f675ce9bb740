/** What really lies in the store: by one who has the key and knows nothing else, and by `sha256` of every pack. */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryStore } from '@gofr-backup/store/testing';
import { packObject } from '../layout.ts';
import type { Offsite } from '../offsite.ts';
import { Copies, type StoredCopy } from '../read/copies.ts';
import type { World } from './world.fixture.ts';

export interface Truth {
  copies: Copies;
  /** listed, with all its packs as they were put; by file name */
  intact: Map<string, StoredCopy>;
  /** listed, but not whole: with the packs that are not as they were put */
  broken: Map<string, string[]>;
}

/** As a host sees it that has nothing but the key. */
export const stranger = ({ hosts: [{ offsite }], objects, directory }: World): Offsite => {
  const { signingKey: _, packContent: __, ...rest } = offsite;
  return { ...rest, store: new MemoryStore(objects), cacheDir: join(directory, 'none/offsite/nas') };
};

export async function truthOf(world: World): Promise<Truth> {
  const copies = await Copies.open(stranger(world), { anew: true });
  const truth: Truth = { copies, intact: new Map(), broken: new Map() };
  for (const copy of copies.copies) {
    const { filename } = copy.name;
    const bad = badPacks(world, copy);
    if (bad.length === 0 && copy.recipe.entry.sha256 === world.made.get(filename)?.sha256)
      truth.intact.set(filename, copy);
    else truth.broken.set(filename, bad);
  }
  for (const { name } of copies.unread) if (name) truth.broken.set(name.filename, []);
  return truth;
}

function badPacks({ objects, hosts }: World, { recipe }: StoredCopy): string[] {
  const { encryption } = hosts[0].offsite;
  return recipe.packs
    .map(({ sha256 }) => sha256)
    .filter((sha256) => {
      const bytes = objects.get(`plot/${packObject(sha256, encryption)}`);
      return bytes === undefined || hash('sha256', bytes) !== sha256;
    });
}

/** Names of objects in a part of the project's place. */
export const objectsIn = ({ objects }: World, part: string): string[] =>
  [...objects.keys()].filter((name) => name.startsWith(`plot/${part}/`)).sort();

/** The SHA-256 of what comes back, or the code with which it is refused; leaves nothing. */
export async function fetched(world: World, copies: Copies, copy: StoredCopy): Promise<string> {
  const path = join(world.directory, `back-${world.log.length}`);
  try {
    await copies.fetchArchive(copy, path);
    return hash('sha256', readFileSync(path));
  } catch (error) {
    const left = readdirSync(world.directory).filter((name) => name.startsWith('back-'));
    return left.length > 0 ? `left ${left.join(', ')}` : (error as { code: string }).code;
  } finally {
    rmSync(path, { force: true });
  }
}
