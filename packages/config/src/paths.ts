import type { Kind } from './kinds.ts';
import { parsed } from './kinds.ts';

export interface NamedPath {
  name: string;
  /** absolute, or relative to DATA_DIR */
  path: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** `name:path,name:path`; throws with the reason. Names are compared without case: they become directories. */
export function parsePaths(text: string): NamedPath[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(parseItem);
  const seen = new Set<string>();
  for (const { name } of items) {
    if (seen.has(name.toLowerCase())) throw new Error(`has the name \`${name}\` twice`);
    seen.add(name.toLowerCase());
  }
  if (items.length === 0) throw new Error('has no path');
  return items;
}

function parseItem(item: string): NamedPath {
  const colon = item.indexOf(':');
  if (colon < 0) throw new Error(`has \`${item}\` without a colon`);
  const name = item.slice(0, colon).trim();
  const path = item.slice(colon + 1).trim();
  if (!NAME.test(name))
    throw new Error(`has \`${name}\` as a name; names are letters, digits, dot, dash, underscore`);
  if (path === '') throw new Error(`has no path after \`${name}:\``);
  if (path.includes('\0')) throw new Error(`has a NUL character in the path of \`${name}\``);
  return { name, path };
}

export const pathList: Kind<NamedPath[]> = {
  allowed: 'name:path,name:path with every name once and no path inside another',
  schema: parsed(parsePaths),
};
