/** What a service makes: every kind of entry, attribute and name. */
import { type Draw, weighted } from '../draw.ts';
import { drawName, drawTarget, drawTime, OWNERS, WORK_DIRECTORY } from './names.ts';
import { type Deed, withName } from './picture.ts';
import type { Scene } from './scene.ts';

/** On disk, a character a byte. */
interface Made {
  path: string;
  kind: 'file' | 'directory' | 'link' | 'special';
}

/** About every border there is: blocks of tar, pages, slices, frames. */
const BORDERS = [512, 1024, 4096, 10_240, 65_536, 262_144, 1_048_576, 2_097_152];

export const latin = (text: string): string => Buffer.from(text).toString('latin1');

/** A whole tree: what is made, then how it looks, children before their parents. */
export function drawTree(scene: Scene): { making: Deed[]; looks: Deed[] } {
  const { draw, parts } = scene;
  const growth = new Growth(
    scene,
    parts.map(({ root }) => latin(root)),
  );
  for (const { root } of parts)
    for (const name of ['anchor', 'metadata.json'])
      growth.deeds.push([
        'file',
        withName(latin(root), name),
        { size: 1 + draw.below(900), seed: name, kind: 'text' },
      ]);
  const count = 5 + draw.below(draw.maybe(0.1) ? 120 : 25);
  for (let n = 0; n < count; n++) growth.make();
  return { making: growth.deeds, looks: looks(scene, growth.made) };
}

/** Below directories that are there already. */
export function drawNew(scene: Scene, directories: string[]): Deed[] {
  const growth = new Growth(scene, directories);
  growth.make();
  return [...growth.deeds, ...looks(scene, growth.made)];
}

class Growth {
  readonly deeds: Deed[] = [];
  readonly made: Made[] = [];
  readonly #scene: Scene;
  readonly #directories: string[];
  readonly #taken = new Set<string>();

  constructor(scene: Scene, directories: string[]) {
    this.#scene = scene;
    this.#directories = directories;
    for (const root of directories)
      for (const name of ['anchor', 'metadata.json']) this.#taken.add(withName(root, name));
  }

  make(): void {
    const { draw, user } = this.#scene;
    const path = withName(draw.pick(this.#directories), drawName(draw));
    if (this.#taken.has(path)) return;
    this.#taken.add(path);
    const makers: [number, () => void][] = [
      [40, () => this.#add('file', 'file', path, drawFile(draw))],
      [16, () => this.#directory(path)],
      [10, () => this.#add('link', 'symlink', path, { target: drawTarget(draw, this.#names()) })],
      [8, () => this.#hardlink(path)],
      [2, () => this.#add('special', draw.pick(['fifo', 'sock']), path, {})],
      [user === 'ordinary' ? 0 : 1, () => this.#add('special', 'device', path, {})],
      [1, () => this.#add('file', 'database', path, drawDatabase(draw))],
      [1, () => this.#many(path)],
      // Python and --path do not take paths that are longer than the kernel takes at once.
      [process.env['TREE_ROUNDS'] === undefined ? 0 : 1, () => this.#deep(path)],
    ];
    weighted(draw, makers)();
  }

  #add(kind: Made['kind'], name: string, path: string, how: Deed[2]): void {
    this.deeds.push([name, path, how]);
    this.made.push({ path, kind });
  }

  #names(): string[] {
    return ['anchor', ...this.made.map(({ path }) => path)];
  }

  #directory(path: string): void {
    // an empty work directory is anybody's to remove
    this.#add('directory', 'directory', path, path.endsWith(WORK_DIRECTORY) ? { many: 1 } : {});
    this.#directories.push(path);
  }

  #hardlink(path: string): void {
    const others = this.made.filter(({ kind }) => kind !== 'directory');
    if (others.length > 0)
      this.deeds.push(['hardlink', path, { target: this.#scene.draw.pick(others).path }]);
  }

  #many(path: string): void {
    this.#add('directory', 'directory', path, { many: 100 + this.#scene.draw.below(300) });
  }

  #deep(path: string): void {
    const { draw } = this.#scene;
    const name = draw.pick(['d'.repeat(200), '\xe9'.repeat(100), 'e'.repeat(250), 'f']);
    const levels = name.length === 1 ? draw.below(60) : 3 + draw.below(Math.floor(5000 / name.length));
    this.#add('directory', 'deep', path, { name, levels });
  }
}

function drawFile(draw: Draw): Deed[2] {
  const border = draw.pick(BORDERS.slice(0, draw.maybe(0.15) ? BORDERS.length : 4));
  const size = weighted(draw, [
    [2, 0],
    [5, draw.below(2000)],
    [3, Math.max(0, border + draw.below(3) - 1)],
    [1, draw.below(draw.maybe(0.1) ? 5_000_000 : 100_000)],
  ]);
  const how = { size, seed: String(draw.below(1000)), kind: draw.pick(['text', 'noise', 'zeros']) };
  return draw.maybe(0.15) ? { ...how, ...drawHoles(draw) } : how;
}

/** Holes at the beginning, at the end, between, or nothing else. */
function drawHoles(draw: Draw): { size: number; data: [number, number][] } {
  const pages = 1 + draw.below(draw.maybe(0.1) ? 4000 : 60);
  const size = pages * 4096 + draw.pick([0, 0, 1, 511, 4095]);
  const starts = Array.from({ length: draw.below(5) }, () => draw.below(size)).toSorted((a, b) => a - b);
  return { size, data: starts.map((at) => [at, Math.min(size - at, 1 + draw.below(9000))]) };
}

const drawDatabase = (draw: Draw): Deed[2] => ({
  rows: draw.below(200),
  mode: draw.pick(['DELETE', 'WAL']),
  seed: String(draw.below(1000)),
});

const FILE_MODES = [0o600, 0o644, 0o755, 0o444, 0o000, 0o4755, 0o2755, 0o1644, 0o7777, 0o200];
const DIRECTORY_MODES = [0o700, 0o755, 0o555, 0o1777, 0o2775, 0o000, 0o7777, 0o311];

/** Owner first: a chown clears setuid and setgid. */
function looks(scene: Scene, made: readonly Made[]): Deed[] {
  return made.toReversed().flatMap((one) => [...owner(scene, one), ...mode(scene, one), ...time(scene, one)]);
}

function owner({ draw, user }: Scene, { path }: Made): Deed[] {
  return user !== 'ordinary' && draw.maybe(0.2)
    ? [['chown', path, { uid: draw.pick(OWNERS), gid: draw.pick(OWNERS) }]]
    : [];
}

/** An ordinary user may read what is his. */
function mode({ draw, user }: Scene, { path, kind }: Made): Deed[] {
  if (kind === 'link' || kind === 'special' || draw.maybe(0.6)) return [];
  const own = user === 'ordinary' ? (kind === 'directory' ? 0o500 : 0o400) : 0;
  return [['chmod', path, { mode: draw.pick(kind === 'directory' ? DIRECTORY_MODES : FILE_MODES) | own }]];
}

const time = ({ draw }: Scene, { path }: Made): Deed[] =>
  draw.maybe(0.5) ? [['utime', path, { ns: drawTime(draw) }]] : [];
