/** Layers of a graph of imports: each name stands above everything that it imports. */
import type { Imports } from './imports.ts';

/** From the top. A name that imports nothing is in the last layer. */
export function layersOf(names: readonly string[], imports: readonly Imports[]): string[][] {
  const levels = new Map<string, number>();
  const levelOf = (name: string, above: readonly string[]): number => {
    const known = levels.get(name);
    if (known !== undefined) return known;
    // two rooms may import each other: the way back counts for nothing
    const below = imports.filter(({ from, to }) => from === name && !above.includes(to));
    const level = Math.max(-1, ...below.map(({ to }) => levelOf(to, [...above, name]))) + 1;
    levels.set(name, level);
    return level;
  };
  const found = Map.groupBy(names, (name) => levelOf(name, [name]));
  return [...found].toSorted(([a], [b]) => b - a).map(([, layer]) => layer);
}

/** Whether `to` is also reached from `from` by way of others. */
export function isImplied({ from, to }: Imports, imports: readonly Imports[]): boolean {
  const next = (name: string): string[] => imports.filter((one) => one.from === name).map((one) => one.to);
  const reached = new Set<string>();
  const waiting = next(from).filter((name) => name !== to);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === from || reached.has(name)) continue;
    reached.add(name);
    waiting.push(...next(name));
  }
  return reached.has(to);
}
