/** A restore of some kind, and whether everything is as it was. */
import { join } from 'node:path';
import { displayPath } from '@gofr-backup/model';
import type { Python } from '../python.ts';
import { archivedOf, isCompanion, isLeftAlone, isMetadata, isWithin, partOf } from './archived.ts';
import { drawChanges } from './changes.ts';
import { call, type Said } from './command.ts';
import { type Difference, differences } from './differences.ts';
import { type Fault, failureOf, untold, withoutSplits } from './faults.ts';
import { latin } from './growth.ts';
import { askFor, type Item, type Picture, pictureOf } from './picture.ts';
import { hasMounts } from './mounts.ts';
import { type Made, perform, rootsOf, through } from './steps.ts';
import type { Part, Scene } from './scene.ts';

/** What is asked for: all, some components, or one path. */
interface Wish {
  words: string[];
  takes(path: string, kind: Item['kind']): boolean;
  path?: string;
  /** nothing that is there is removed, and directories stay as they are */
  layOver?: 'metadata' | 'merge';
}

export async function tryRestore(scene: Scene, python: Python, made: Made): Promise<Fault[]> {
  const { draw } = scene;
  const wish = drawWish(scene, archivedOf(scene, made.picture));
  return draw.maybe(0.4) ? elsewhere(scene, python, made, wish) : intoPlace(scene, python, made, wish);
}

function drawWish(scene: Scene, archived: Picture): Wish {
  const { draw, parts, settings } = scene;
  const storage = parts.find(({ name, select }) => name === 'storage' && select === 'all');
  if (storage !== undefined && settings['PATHS'] === undefined && draw.maybe(0.07))
    return metadataOf(storage);
  if (draw.maybe(0.2)) {
    const part = draw.pick(parts);
    return { words: ['--only', part.name], takes: (path) => partOf(scene, path) === part };
  }
  if (draw.maybe(0.25)) {
    const path = draw.pick([...archived.keys()]);
    return { words: ['--path', displayPath(path)], path, takes: (one) => isWithin(one, path) };
  }
  return { words: [], takes: () => true };
}

const metadataOf = (storage: Part): Wish => ({
  words: ['--only', 'metadata'],
  takes: (path, kind) => kind !== 'directory' && isWithin(path, storage.archivePath) && isMetadata(path),
  layOver: 'metadata',
});

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
  for (const above of [...expected.keys()].flatMap(parentsOf))
    if (archived.has(above)) expected.set(above, archived.get(above)!);
  await addParents(scene, python, expected);
  const actual = await pictureOf(python, [['', latin(to)]]);
  actual.delete('');
  const found = [...differences(expected, actual), ...appeared(scene, actual, expected, made.picture)];
  return untold(step, found, [...made.warnings, ...warningsOf(said.answer)]);
}

/** Without other rights nothing can be given to others. */
const restorer = ({ user }: Scene) => (user === 'reader' ? 'root' : user);

const taken = (picture: Picture, { takes }: Wish): Picture =>
  new Map([...picture].filter(([path, { kind }]) => takes(path, kind)));

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

async function intoPlace(scene: Scene, python: Python, made: Made, drawn: Wish): Promise<Fault[]> {
  const { draw } = scene;
  const merges = drawn.layOver === undefined && draw.maybe(0.15);
  const wish: Wish = merges ? { ...drawn, words: [...drawn.words, '--merge'], layOver: 'merge' } : drawn;
  if (draw.maybe(0.8)) await perform(python, scene, drawChanges(scene, made.picture));
  const before = await pictureOf(python, rootsOf(scene));
  const safety = draw.maybe(0.3) ? [] : ['--no-safety-backup'];
  const words = ['restore', made.filename, ...wish.words, ...safety, '--yes', ...through(scene)];
  const said = await call(scene, words, restorer(scene));
  const step = `restore ${wish.words.join(' ')}`;
  const actual = await pictureOf(python, rootsOf(scene));
  const untouched = untold(step, differences(before, actual), []);
  if (said.code !== 0)
    return isRefused(scene, said, wish, { before, source: made.picture }) && untouched.length === 0
      ? []
      : [failureOf(step, said), ...untouched];
  const found = inPlace(scene, made.picture, before, actual, wish);
  const warnings = warningsOf(said.answer);
  return untold(step, found, [...made.warnings, ...(hasMounts(scene) ? warnings : withoutSplits(warnings))]);
}

const isClosed = ({ kind, mode }: Item): boolean => kind === 'directory' && (mode & 0o500) !== 0o500;

/**
 * What is laid over what is there makes no directory give way to a file, nor a file to a directory; and what is asked for by its
 * path does not come back where a file took the place of a directory above it, nor where it is a mount itself. Nothing comes
 * where a directory is closed to reading or search: what must stay in it cannot be known. No directory that must stay, or has in
 * it what must, gives way to what is none.
 */
function isRefused(
  scene: Scene,
  { answer }: Said,
  { layOver, path }: Wish,
  { before, source }: { before: Picture; source: Picture },
): boolean {
  const { parts } = scene;
  const { message = '', why = '' } =
    (answer['error'] as { message?: string; why?: string } | undefined) ?? {};
  if (path !== undefined && why.includes('is a mount of its own')) return true;
  const isOfMetadata = ({ select, root }: Part): boolean =>
    select === 'metadata-only' && message.startsWith(displayPath(`${latin(root)}/`));
  if (message.includes('cannot be replaced')) return staysInTheWay(scene, before, archivedOf(scene, source));
  if (message.includes('is closed to this user')) return [...before.values()].some(isClosed);
  if (message.includes('is in the way') && (layOver !== undefined || parts.some(isOfMetadata))) return true;
  const isBlocked = (above: string): boolean => (before.get(above)?.kind ?? 'directory') !== 'directory';
  return message.includes('cannot be restored by itself') && parentsOf(path ?? '').some(isBlocked);
}

function staysInTheWay(scene: Scene, before: Picture, archived: Picture): boolean {
  const staying = [...before].filter(([path, item]) => isLeftAlone(scene, path, item));
  return [...archived].some(
    ([path, { kind }]) =>
      kind !== 'directory' &&
      before.get(path)?.kind === 'directory' &&
      staying.some(([one]) => isWithin(one, path)),
  );
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
  const keepsLook = (path: string): boolean =>
    wish.layOver === 'metadata' || partOf(scene, path)?.select === 'metadata-only';
  const layOver = (path: string): boolean => wish.layOver === 'merge' || keepsLook(path);
  const isKept = (path: string, item: Item): boolean =>
    !wish.takes(path, item.kind) ||
    isLeftAlone(scene, path, item) ||
    (layOver(path) && (!expected.has(path) || (item.kind === 'directory' && keepsLook(path))));
  const stays = new Map([...before].filter(([path, item]) => isKept(path, item)));
  const isSeen = ([path, { kind }]: [string, Item]): boolean =>
    !stays.has(path) && !(kind === 'directory' && keepsLook(path));
  yield* differences(new Map([...expected].filter(isSeen)), actual);
  const above = new Set([...stays.keys(), ...expected.keys()].flatMap(parentsOf));
  for (const [path, { kind }] of actual)
    if (!expected.has(path) && !stays.has(path) && !isCompanion(then, path))
      if (kind !== 'directory' || !above.has(path)) yield { path, what: 'appeared', words: kind };
  yield* touched(stays, actual, expected);
}

/** Directories get other times by what is restored into them. */
function* touched(stays: Picture, actual: Picture, expected: Picture): Generator<Difference> {
  const above = new Set([...expected.keys()].flatMap(parentsOf));
  for (const difference of differences(stays, actual))
    if (difference.what !== 'mtime' || !above.has(difference.path)) yield difference;
}
