/** What a service does between two backups: to what is there, seen in a picture of it. */
import { type Draw, weighted } from '../draw.ts';
import { drawNew, latin } from './growth.ts';
import { drawName, drawTime } from './names.ts';
import { type Deed, type Item, type Picture, withName } from './picture.ts';
import type { Scene } from './scene.ts';

interface Place extends Item {
  /** on disk */
  path: string;
}

export function drawChanges(scene: Scene, picture: Picture): Deed[] {
  const places = placesIn(scene, picture);
  const count = 1 + scene.draw.below(8);
  return Array.from({ length: count }, () => drawChange(scene, places)).flat();
}

function placesIn({ parts }: Scene, picture: Picture): Place[] {
  return [...picture].map(([path, item]) => {
    const { root, archivePath } = parts.find(
      (part) => path === latin(part.archivePath) || path.startsWith(`${latin(part.archivePath)}/`),
    )!;
    return { ...item, path: latin(root) + path.slice(latin(archivePath).length) };
  });
}

function drawChange(scene: Scene, places: Place[]): Deed[] {
  const { draw, parts } = scene;
  const roots = new Set(parts.map(({ root }) => latin(root)));
  const directories = places.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
  const movable = places.filter(({ path }) => !roots.has(path));
  const files = movable.filter(({ kind }) => kind === 'file');
  if (movable.length === 0) return [];
  const some = draw.pick(movable);
  return weighted<() => Deed[]>(draw, [
    [3, () => drawNew(scene, directories)],
    [3, () => (files.length === 0 ? [] : rewritten(draw, draw.pick(files)))],
    [1, () => [['rename', some.path, { to: withName(draw.pick(directories), drawName(draw)) }]]],
    [1, () => [['utime', some.path, { ns: drawTime(draw) }]]],
    [1, () => [['remove', some.path, {}]]],
    [1, () => replaced(draw, some)],
  ])();
}

/** Also so that size and time are as before. */
function rewritten(draw: Draw, { path, size, mtime }: Place): Deed[] {
  const seed = `changed ${draw.below(1000)}`;
  return weighted<Deed[]>(draw, [
    [2, [['append', path, { seed }]]],
    [2, [['patch', path, { offset: draw.below(size + 1), seed }]]],
    [
      1,
      [
        ['patch', path, { offset: 0, seed: seed.slice(0, size) }],
        ['utime', path, { ns: mtime }],
      ],
    ],
    [1, [['truncate', path, { size: draw.below(size * 2 + 1) }]]],
  ]);
}

function replaced(draw: Draw, { path, kind }: Place): Deed[] {
  const others: [Item['kind'], Deed][] = [
    ['directory', ['directory', path, {}]],
    ['link', ['symlink', path, { target: 'anchor' }]],
    ['file', ['file', path, { size: draw.below(5000), seed: 'replaced', kind: 'noise' }]],
  ];
  return [['remove', path, {}], draw.pick(others.filter(([other]) => other !== kind))[1]];
}
