/** Who imports whom, counted from the production sources: packages and apps, and the rooms inside each. */
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

/** `count` statements in `from` import something of `to`. */
export interface Imports {
  from: string;
  to: string;
  count: number;
}

/** A package or an app; a room is a folder of its `src`. */
export interface Part {
  name: string;
  rooms: string[];
  between: Imports[];
}

export interface Architecture {
  parts: Part[];
  between: Imports[];
}

const NOT_PRODUCTION = /\.(?:test|fixture|scenario|holder)\.ts$|\/(?:testing|hostile)[/.]|-wasm\.ts$/;
/** Also those that are loaded when they are needed: `import('…')`. */
const IMPORT = /\b(?:from |import\()'([^']+)'/g;
const OURS = '@gofr-backup/';

export function readArchitecture(root: string): Architecture {
  const parts = new Map<string, { rooms: Set<string>; between: Counts }>();
  const between = new Counts();
  for (const file of globSync('{apps,packages}/*/src/**/*.ts', { cwd: root }).toSorted()) {
    if (NOT_PRODUCTION.test(file)) continue;
    const [, name = '', , ...inside] = file.split('/');
    const part = parts.get(name) ?? { rooms: new Set<string>(), between: new Counts() };
    parts.set(name, part);
    const room = inside.length > 1 ? inside[0] : undefined;
    if (room !== undefined) part.rooms.add(room);
    for (const [, target = ''] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
      if (target.startsWith(OURS)) between.add(name, target.slice(OURS.length).split('/')[0]!);
      const other = target.startsWith('.') ? roomOf(normalize(join(file, '..', target))) : undefined;
      if (room !== undefined && other !== undefined) part.between.add(room, other);
    }
  }
  return {
    parts: [...parts].map(([name, { rooms, between: inner }]) => ({
      ...{ name, rooms: [...rooms].toSorted() },
      between: inner.list(),
    })),
    between: between.list(),
  };
}

/** Undefined for a file that lies in no room. */
function roomOf(file: string): string | undefined {
  const [, , , ...inside] = file.split('/');
  return inside.length > 1 ? inside[0] : undefined;
}

class Counts {
  readonly #counts = new Map<string, Imports>();

  add(from: string, to: string): void {
    if (from === to) return;
    const key = `${from} ${to}`;
    const known = this.#counts.get(key) ?? { from, to, count: 0 };
    known.count += 1;
    this.#counts.set(key, known);
  }

  list(): Imports[] {
    return [...this.#counts.values()];
  }
}
