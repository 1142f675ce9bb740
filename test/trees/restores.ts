/** A restore of some kind, and whether everything is as it was. */
import { join } from 'node:path';
import { displayPath } from '@gofr-backup/model';
import type { Python } from '../python.ts';
import { archivedOf, isCompanion, isLeftAlone, isWithin, partOf } from './archived.ts';
import { drawChanges } from './changes.ts';
import { call } from './command.ts';
import { type Difference, differences } from './differences.ts';
import { type Fault, failureOf, untold } from './faults.ts';
import { latin } from './growth.ts';
import { askFor, type Item, type Picture, pictureOf } from './picture.ts';
import { type Made, perform, rootsOf, through } from './steps.ts';
import type { Scene } from './scene.ts';

/** What is asked for: all, some components, or one path. */
interface Wish {
  words: string[];
  takes(path: string): boolean;
}

export async function tryRestore(scene: Scene, python: Python, made: Made): Promise<Fault[]> {
  const { draw } = scene;
  const wish = drawWish(scene, archivedOf(scene, made.picture));
  return draw.maybe(0.4) ? elsewhere(scene, python, made, wish) : intoPlace(scene, python, made, wish);
}

function drawWish(scene: Scene, archived: Picture): Wish {
  const { draw, parts } = scene;
  if (draw.maybe(0.2)) {
    const part = draw.pick(parts);
    return { words: ['--only', part.name], takes: (path) => partOf(scene, path) === part };
  }
  if (draw.maybe(0.25)) {
    const path = draw.pick([...archived.keys()]);
    return { words: ['--path', displayPath(path)], takes: (one) => isWithin(one, path) };
  }
  return { words: [], takes: () => true };
}

async function elsewhere(scene: Scene, python: Python, made: Made, wish: Wish): Promise<Fault[]> {
  const to = join(scene.base, 'to', scene.draw.pick(['new', 'with space', '\u00e9']));
  const said = await call(
    scene,
    ['restore', made.filename, '--to', to, ...wish.words, '--yes', ...through(scene)],
    restorer(scene),
  );
  const step = `restore --to ${wish.words.join(' ')}`;
  if (said.code !== 0) return [failureOf(step, said)];
  const archived = archivedOf(scene, made.picture);
  const expected = taken(archived, wish);
  await addParents(scene, python, expected);
  const actual = await pictureOf(python, [['', latin(to)]]);
  actual.delete('');
  const found = [...differences(expected, actual), ...appeared(scene, actual, expected, made.picture)];
  return untold(step, found, [...made.warnings, ...warningsOf(said.answer)]);
}

/** Without other rights nothing can be given to others. */
const restorer = ({ user }: Scene) => (user === 'reader' ? 'root' : user);

const taken = (picture: Picture, { takes }: Wish): Picture =>
  new Map([...picture].filter(([path]) => takes(path)));

/** The directories that lead there, as they are on disk. */
async function addParents(scene: Scene, python: Python, picture: Picture): Promise<void> {
  const { parts } = scene;
  for (const path of [...picture.keys()]) {
    const names = path.split('/');
    for (let depth = 1; depth < names.length; depth++) {
      const above = names.slice(0, depth).join('/');
      const part = parts.find(({ archivePath }) => isWithin(latin(archivePath), above));
      if (picture.has(above) || part === undefined || latin(part.archivePath) === above) continue;
      const steps = latin(part.archivePath).split('/').length - depth;
      picture.set(above, await askFor<Item>(python, 'look', `${latin(part.root)}${'/..'.repeat(steps)}`));
    }
  }
}

/** Also a component without an entry has its parents there. */
function* appeared(scene: Scene, actual: Picture, expected: Picture, source: Picture): Generator<Difference> {
  const above = new Set(
    [...expected.keys(), ...scene.parts.map(({ archivePath }) => latin(archivePath))].flatMap(parentsOf),
  );
  for (const [path, { kind }] of actual)
    if (!expected.has(path) && !isCompanion(source, path) && !(kind === 'directory' && above.has(path)))
      yield { path, what: 'appeared', words: kind };
}

function parentsOf(path: string): string[] {
  const names = path.split('/');
  return names.slice(1).map((_, n) => names.slice(0, n + 1).join('/'));
}

export const warningsOf = (answer: Record<string, unknown>): string[] =>
  (answer['warnings'] as string[] | undefined) ?? [];

async function intoPlace(scene: Scene, python: Python, made: Made, wish: Wish): Promise<Fault[]> {
  const { draw } = scene;
  if (draw.maybe(0.8)) await perform(python, scene, drawChanges(scene, made.picture));
  const before = await pictureOf(python, rootsOf(scene));
  const safety = draw.maybe(0.3) ? [] : ['--no-safety-backup'];
  const words = ['restore', made.filename, ...wish.words, ...safety, '--yes', ...through(scene)];
  const said = await call(scene, words, restorer(scene));
  const step = `restore ${wish.words.join(' ')}`;
  if (said.code !== 0) return [failureOf(step, said)];
  const actual = await pictureOf(python, rootsOf(scene));
  const found = inPlace(scene, made.picture, before, actual, wish);
  return untold(step, found, [...made.warnings, ...warningsOf(said.answer)]);
}

/** What was asked for is as it was, what was not is as it is, and nothing else is there. */
function* inPlace(
  scene: Scene,
  then: Picture,
  before: Picture,
  actual: Picture,
  wish: Wish,
): Generator<Difference> {
  const expected = taken(archivedOf(scene, then), wish);
  const stays = new Map(
    [...before].filter(([path, item]) => !wish.takes(path) || isLeftAlone(scene, path, item)),
  );
  const layOver = (path: string): boolean => partOf(scene, path)?.select === 'metadata-only';
  const isOpen = (path: string): boolean => stays.has(path) || layOver(path);
  yield* differences(new Map([...expected].filter(([path]) => !isOpen(path))), actual);
  const kept = new Set([...stays.keys(), ...expected.keys()].flatMap(parentsOf));
  for (const [path, item] of actual) {
    if (expected.has(path) || isCompanion(then, path)) continue;
    if (stays.has(path) || (layOver(path) && before.has(path))) continue;
    if (!(item.kind === 'directory' && kept.has(path))) yield { path, what: 'appeared', words: item.kind };
  }
  yield* touched(stays, actual, expected);
}

/** Directories get other times by what is restored into them. */
function* touched(stays: Picture, actual: Picture, expected: Picture): Generator<Difference> {
  const above = new Set([...expected.keys()].flatMap(parentsOf));
  for (const difference of differences(stays, actual))
    if (difference.what !== 'mtime' || !above.has(difference.path)) yield difference;
}
