/** No byte is gone that no backup holds, and nothing but the components is touched. */
import type { Item } from './photograph.ts';
import type { Project } from './project.ts';
import type { Scene } from './scene.ts';
import { placeOf } from './world.ts';

/** path inside the archive -> what the project's backups hold of it, of any time */
export type Holdings = Map<string, Set<string>>;

export function holdingsOf({ after, archives }: Scene, { prefix }: Project): Holdings {
  const all: Holdings = new Map();
  for (const backup of after.backups.filter((one) => one.prefix === prefix))
    for (const [path, bytes] of archives.heldBy(backup.sha256)) {
      if (!all.has(path)) all.set(path, new Set());
      all.get(path)!.add(bytes);
    }
  return all;
}

export function* lostBytes(scene: Scene): Generator<string> {
  const { world, command, before, after } = scene;
  const holdings = holdingsOf(scene, command.project);
  const has = (path: string): boolean => holdings.has(path);
  for (const [path, item] of before.items) {
    const place = placeOf(world, path);
    if (item.kind === 'directory' || place?.project !== command.project) continue;
    if (after.items.get(path)?.bytes === item.bytes || command.mayTake(path, has)) continue;
    if (holdings.get(place.archivePath)?.has(item.bytes) && command.to === undefined) continue;
    yield `LOST ${show(path, item)}${now(after.items.get(path))}`;
  }
}

/** Only a restore changes data at all, and only its own project's. */
export function* touched(scene: Scene): Generator<string> {
  const { world, command, before, after } = scene;
  const isOwn = (path: string): boolean => placeOf(world, path)?.project === command.project;
  const may = (path: string): boolean => command.restores && (isOwn(path) || isTarget(scene, path));
  const has = (path: string): boolean => holdingsOf(scene, command.project).has(path);
  for (const [path, item] of before.items) {
    const there = after.items.get(path);
    if (there?.bytes === item.bytes && (there.look === item.look || may(path))) continue;
    if (isOwn(path) && (command.restores || isEmptyWorkDirectory(scene, path))) continue;
    if (!command.mayTake(path, has)) yield `TOUCHED ${show(path, item)}${now(there)}`;
  }
  for (const [path, item] of after.items)
    if (!before.items.has(path) && !may(path) && path !== world.backupDir)
      yield `APPEARED ${show(path, item)}`;
}

const EMPTY_WORK = /^(.*\/\.gofr-restore-[0-9a-f]{16})(?:\/(?:new|old))?$/s;

/** As a kill leaves what a restore begins with: settled by whoever comes next, because nothing was ever in it. */
function isEmptyWorkDirectory({ before, after }: Scene, path: string): boolean {
  const workDir = EMPTY_WORK.exec(path)?.[1];
  const all = [...before.items].filter(([one]) => one === workDir || one.startsWith(`${workDir}/`));
  return (
    all.length > 0 &&
    all.every(([one, { kind }]) => kind === 'directory' && EMPTY_WORK.exec(one)?.[1] === workDir) &&
    !after.items.has(path)
  );
}

/** What a restore makes: its target, and the directories that lead to it. */
const isTarget = ({ command: { to = '' } }: Scene, path: string): boolean =>
  path === to || path.startsWith(`${to}/`) || to.startsWith(`${path}/`);

const show = (path: string, { bytes }: Item): string => `${JSON.stringify(path)} (${bytes.slice(0, 20)})`;
const now = (item: Item | undefined): string =>
  item === undefined ? ', gone' : `, now ${item.bytes.slice(0, 20)}`;
