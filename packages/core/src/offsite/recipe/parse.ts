/** Reads a recipe. It is trusted by nobody: whoever may write to the store may have written it. */
import { isName } from '@gofr-backup/store';
import { hasSigned, parseEntry, parseObject } from '../../repository/index.ts';
import { INDEXES, PACK_BYTES } from '../layout.ts';
import { Extents } from './extents.ts';
import {
  type CopiedEntry,
  FIRST_LINE,
  type IndexObject,
  type Pack,
  type Recipe,
  SIGNATURE,
} from './recipe.ts';

/** No recipe of ours is longer. */
export const MOST_RECIPE_BYTES = 512 * 1024 * 1024;
const MOST_PACKS = 10_000_000;
const SHA256 = /^[0-9a-f]{64}$/;
const COUNT = /^(?:0|[1-9]\d{0,15})$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** A recipe that was signed, and by whom. */
export interface SignedRecipe extends Recipe {
  /** the public key whose signature it bears */
  key: string;
}

/** Throws RangeError, which says what is wrong. */
export function parseRecipe(text: string): SignedRecipe {
  const { signed, signature } = splitSignature(text);
  const lines = signed.slice(0, -1).split('\n');
  const bodyAt = lines.findIndex((line) => !line.startsWith('#'));
  const header = new Header(bodyAt < 0 ? lines : lines.slice(0, bodyAt));
  const key = header.one('key');
  if (!hasSigned(key, signed, signature)) throw new RangeError('its signature does not hold');
  const entry = entryOf(header);
  const arrived = header.one('arrived');
  if (!TIME.test(arrived) || Number.isNaN(Date.parse(arrived)))
    throw new RangeError('its time of arrival is none');
  const packs = packsOf(header);
  const extents = extentsOf(bodyAt < 0 ? [] : lines.slice(bodyAt), packs);
  if (extents.size !== entry.size_bytes)
    throw new RangeError(`its spans are ${extents.size} bytes, the archive ${entry.size_bytes}`);
  const index = indexOf(header);
  return { entry, arrived, packs, extents, key, ...(index && { index }) };
}

function splitSignature(text: string): { signed: string; signature: string } {
  if (!text.startsWith(`${FIRST_LINE}\n`)) throw new RangeError('it is no recipe of version 1');
  const at = text.lastIndexOf(`\n${SIGNATURE}`) + 1;
  const signature = /^# signature ([A-Za-z0-9_-]{86})\n$/.exec(text.slice(at))?.[1];
  if (at === 0 || signature === undefined) throw new RangeError('it ends without a signature');
  return { signed: text.slice(0, at), signature };
}

/** Lines `# <word> <value>`. Words that this version does not know are left alone. */
class Header {
  readonly #values = new Map<string, string[]>();

  constructor(lines: readonly string[]) {
    for (const line of lines.slice(1)) {
      const [, word, value] = /^# ([a-z0-9]+) (.*)$/.exec(line) ?? [];
      if (word === undefined || value === undefined) throw new RangeError('its header has a line of no form');
      const values = this.#values.get(word);
      if (values === undefined) this.#values.set(word, [value]);
      else values.push(value);
    }
  }

  all(word: string): string[] {
    return this.#values.get(word) ?? [];
  }
  optional(word: string): string | undefined {
    const values = this.all(word);
    if (values.length > 1) throw new RangeError(`its header says \`${word}\` twice`);
    return values[0];
  }
  one(word: string): string {
    const value = this.optional(word);
    if (value === undefined) throw new RangeError(`its header does not say \`${word}\``);
    return value;
  }
}

function countOf(text: string | undefined, most: number): number {
  const count = COUNT.test(text ?? '') ? Number(text) : Infinity;
  if (!(count <= most)) throw new RangeError('a number in it is none, or too large');
  return count;
}

/** The entry must say what the header says. */
function entryOf(header: Header): CopiedEntry {
  const filename = header.one('name');
  const sha256 = header.one('sha256');
  const size = countOf(header.one('size'), Number.MAX_SAFE_INTEGER);
  const entry = parseEntry(filename, parseObject(header.one('entry')));
  if (!SHA256.test(sha256) || entry?.sha256 !== sha256 || entry.size_bytes !== size)
    throw new RangeError('its record is not of this archive');
  return { ...entry, sha256 };
}

function packsOf(header: Header): Pack[] {
  const lines = header.all('pack');
  if (lines.length !== countOf(header.one('packs'), MOST_PACKS))
    throw new RangeError('packs are missing in its header');
  return lines.map((line, n) => {
    const [number, sha256 = '', size, content, ...more] = line.split(' ');
    const numbered = number === String(n + 1) && SHA256.test(sha256) && more.length === 0;
    if (!numbered) throw new RangeError('a pack in its header is none');
    return { sha256, size: countOf(size, PACK_BYTES), content: countOf(content, PACK_BYTES) };
  });
}

function extentsOf(lines: readonly string[], packs: readonly Pack[]): Extents {
  const extents = new Extents();
  for (const line of lines) {
    const [number, offset, length, ...more] = line.split(' ');
    const pack = countOf(number, packs.length) - 1;
    const extent = { pack, offset: countOf(offset, PACK_BYTES), length: countOf(length, PACK_BYTES) };
    const fits = pack >= 0 && extent.length > 0 && extent.offset + extent.length <= packs[pack]!.content;
    if (!fits || more.length > 0) throw new RangeError('a span in it lies outside its pack');
    extents.add(extent);
  }
  return extents;
}

function indexOf(header: Header): IndexObject | undefined {
  const [object, sha256 = '', size, ...more] = header.optional('index')?.split(' ') ?? [];
  if (object === undefined) return undefined;
  if (!isName(object) || !object.startsWith(INDEXES) || !SHA256.test(sha256) || more.length > 0)
    throw new RangeError('the index in its header is none');
  return { object, sha256, size: countOf(size, Number.MAX_SAFE_INTEGER) };
}
