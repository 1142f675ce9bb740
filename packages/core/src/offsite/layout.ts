/** Names of the objects below `<prefix>/<project>/`, version 1. docs/offsite-format.md describes each. */
import { randomBytes } from 'node:crypto';
import { BackupError, TIERS, type Tier } from '@gofr-backup/model';
import { isName } from '@gofr-backup/store';
import { isoUtc } from '../repository/index.ts';
import { type Encryption, suffixOf } from './sealing/sealing.ts';

export const FORMAT = 'format.json';
export const PACKS = 'packs/';
export const RECIPES = 'recipes/';
export const INDEXES = 'index/';
export const TRASH = 'trash/';
export const WRITERS = 'writer/';
export const COPYING = 'copying/';

/** No pack's object is larger. It is put whole, by one request. */
export const PACK_BYTES = 32 * 1024 * 1024;
/**
 * The most that is sealed in a new pack: as many as are under way lie in memory. A header and the tags of its chunks come on top.
 */
export const PACK_CONTENT = PACK_BYTES / 2 - 64 * 1024;

type Kind = Pick<Encryption, 'kind'>;

/** An archive as a recipe's object names it. */
export interface CopyName {
  tier: Tier;
  filename: string;
}

export const recipeObject = (copy: CopyName, kind: Kind): string =>
  named(copy.filename, (name) => `${RECIPES}${copy.tier}/${name}.recipe${suffixOf(kind)}`);

export const indexObject = ({ filename }: CopyName, kind: Kind): string =>
  named(filename, (name) => `${INDEXES}${name}-${randomBytes(4).toString('hex')}.idx${suffixOf(kind)}`);

export const packObject = (sha256: string, kind: Kind): string =>
  `${PACKS}${sha256.slice(0, 2)}/${sha256}.pack${suffixOf(kind)}`;

const RECIPE = new RegExp(`^(${TIERS.join('|')})/([^/]+)\\.recipe(\\.age)?$`);
const PACK = /^packs\/([0-9a-f]{2})\/(\1[0-9a-f]{62})\.pack(\.age)?$/;

/** undefined: it is no recipe's name. */
export function parseRecipeObject(object: string): CopyName | undefined {
  return object.startsWith(RECIPES) ? parseCopy(object.slice(RECIPES.length)) : undefined;
}

function parseCopy(path: string): CopyName | undefined {
  const [, tier, name = ''] = RECIPE.exec(path) ?? [];
  const filename = plainName(name);
  return tier === undefined || filename === undefined ? undefined : { tier: tier as Tier, filename };
}

/** The SHA-256 of the pack; undefined: it is no pack's name. */
export const parsePackObject = (object: string): string | undefined => PACK.exec(object)?.[2];

/** A recipe in the trash since `at` (milliseconds since the epoch, by the store's clock). */
export const trashedRecipe = (recipe: string, at: number): string =>
  `${TRASH}${stampOf(at)}/${recipe.slice(RECIPES.length)}`;
/** The list of packs and indexes that no recipe named at `at`. */
export const unnamedList = (at: number): string =>
  `${TRASH}${stampOf(at)}/unnamed-${randomBytes(4).toString('hex')}.txt`;
export const copyingList = (at: number): string =>
  `${COPYING}${stampOf(at)}-${randomBytes(4).toString('hex')}.txt`;

export type Trashed =
  { at: number; kind: 'recipe'; copy: CopyName; recipe: string } | { at: number; kind: 'unnamed' };

const TRASHED = /^trash\/([^/]+)\/(.+)$/;
const UNNAMED = /^unnamed-[0-9a-f]{8}\.txt$/;

export function parseTrashed(object: string): Trashed | undefined {
  const [, stamp = '', path = ''] = TRASHED.exec(object) ?? [];
  const at = timeOf(stamp);
  if (at === undefined) return undefined;
  if (UNNAMED.test(path)) return { at, kind: 'unnamed' };
  const copy = parseCopy(path);
  return copy && { at, kind: 'recipe', copy, recipe: RECIPES + path };
}

/** When the list of a copy under way was put. */
export const parseCopying = (object: string): number | undefined =>
  timeOf(/^copying\/([^/]+)-[0-9a-f]{8}\.txt$/.exec(object)?.[1] ?? '');

const WRITER_DIGITS = 8;
export const writerObject = (number: number): string =>
  `${WRITERS}${String(number).padStart(WRITER_DIGITS, '0')}.json`;
export function parseWriterObject(object: string): number | undefined {
  const digits = /^writer\/(\d{8})\.json$/.exec(object)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** `20251213t020000z`: a time as a part of a name. */
const stampOf = (at: number): string => `${isoUtc(at).slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;

function timeOf(stamp: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z$/.exec(stamp) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : at;
}

const PLAIN = /^[a-z0-9][a-z0-9._-]*$/;
const MARK = 'x--';

/**
 * A name as a store can hold it: itself, or `x--` and the name with every byte that is not a small letter, a digit, `.`
 * or `_` as `--` and two hexadecimal digits. No name of the first kind has `--` in it, so none is taken for another.
 */
export function storedName(name: string): string {
  if (PLAIN.test(name) && !name.includes('--')) return name;
  const bytes = Array.from(Buffer.from(name), (byte) => {
    const character = String.fromCharCode(byte);
    return /[a-z0-9._]/.test(character) ? character : `--${byte.toString(16).padStart(2, '0')}`;
  });
  return MARK + bytes.join('');
}

/** undefined: `storedName` makes no such name. */
function plainName(stored: string): string | undefined {
  if (!stored.startsWith(MARK)) return storedName(stored) === stored ? stored : undefined;
  const hex = stored
    .slice(MARK.length)
    .replaceAll(/--([0-9a-f]{2})|(.)/g, (_, code: string | undefined, plain: string) =>
      (code ?? plain.charCodeAt(0).toString(16)).padStart(2, '0'),
    );
  const name = Buffer.from(hex, 'hex').toString();
  return storedName(name) === stored ? name : undefined;
}

function named(filename: string, objectOf: (name: string) => string): string {
  const object = objectOf(storedName(filename));
  if (isName(object)) return object;
  throw new BackupError('CONFIG', `${filename} cannot be copied to a store`, {
    why: 'its name would be longer than every store can hold',
    hint: 'Set PREFIX to a shorter one, of small letters, digits, dots, dashes and underscores.',
  });
}
