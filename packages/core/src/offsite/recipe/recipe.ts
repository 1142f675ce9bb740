/**
 * A recipe: how an archive is put together from spans of packs. It is text, so that a shell can follow it, and it is
 * complete by itself: no recipe needs another one. docs/offsite-format.md has the grammar.
 */
import { type CatalogueEntry, canonicalJson } from '@gofr-backup/model';
import type { SigningKey } from '../../repository/index.ts';
import type { Extents } from './extents.ts';

export interface Pack {
  /** of the object, hexadecimal: its name */
  sha256: string;
  /** bytes of the object */
  size: number;
  /** bytes of what is sealed in it */
  content: number;
}

/** The object with the index of the archive. */
export interface IndexObject {
  object: string;
  sha256: string;
  /** bytes of the object */
  size: number;
}

/** The backup's record with what a recipe cannot do without. */
export type CopiedEntry = CatalogueEntry & { sha256: string };

export interface Recipe {
  entry: CopiedEntry;
  /** when it came to the store, by the store's clock; ISO 8601 UTC */
  arrived: string;
  index?: IndexObject;
  /** the numbers in its extents begin at 0, those in its text at 1 */
  packs: Pack[];
  extents: Extents;
}

export const FIRST_LINE = '# gofr-backup recipe 1';
export const SIGNATURE = '# signature ';

/** What is signed: everything before the last line. */
export function formatRecipe(recipe: Recipe, key: SigningKey): string {
  const text = `${[...headerOf(recipe), `# key ${key.publicKey}`, ...linesOf(recipe)].join('\n')}\n`;
  return `${text}${SIGNATURE}${key.sign(text)}\n`;
}

function headerOf({ entry, arrived, index, packs }: Recipe): string[] {
  const { filename, sha256, size_bytes, compression, created_at } = entry;
  return [
    FIRST_LINE,
    `# name ${filename}`,
    `# sha256 ${sha256}`,
    `# size ${size_bytes}`,
    ...(created_at === undefined ? [] : [`# created ${created_at}`]),
    `# arrived ${arrived}`,
    ...(compression === undefined ? [] : [`# codec ${compression}`]),
    ...(index === undefined ? [] : [`# index ${index.object} ${index.sha256} ${index.size}`]),
    `# packs ${packs.length}`,
    ...packs.map(({ sha256: name, size, content }, n) => `# pack ${n + 1} ${name} ${size} ${content}`),
    `# entry ${canonicalJson({ ...entry, filepath: filename })}`,
  ];
}

function* linesOf({ extents }: Recipe): Generator<string> {
  for (const { pack, offset, length } of extents) yield `${pack + 1} ${offset} ${length}`;
}
