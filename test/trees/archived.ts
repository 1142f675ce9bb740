/** What a backup has to hold of a picture, by the words of the documents alone. */
import { latin } from './growth.ts';
import type { Item, Picture } from './picture.ts';
import type { Part, Scene } from './scene.ts';

export const isMetadata = (path: string): boolean =>
  /(^|[/.])metadata\.json$/.test(path.slice(path.lastIndexOf('/') + 1).replace(COMPANION, ''));
/** A restore's work directory, whoever made it. */
const WORK_DIRECTORY = /\/\.gofr-restore-[0-9a-f]{16}(\/|$)/;
const COMPANION = /-(wal|shm|journal)$/;

export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);

export const partOf = (scene: Scene, path: string): Part | undefined =>
  scene.parts.find(({ archivePath }) => isWithin(path, latin(archivePath)));

/** Left where it is by every backup and every restore. */
export function isLeftAlone(scene: Scene, path: string, item: Item): boolean {
  const part = partOf(scene, path);
  if (item.kind === 'special' || WORK_DIRECTORY.test(path) || isExcluded(scene, path, item)) return true;
  if (item.kind === 'directory' || part === undefined || part.select === 'all') return false;
  return isMetadata(path) !== (part.select === 'metadata-only');
}

function isExcluded({ exclude }: Scene, path: string, { kind }: Item): boolean {
  if (exclude === undefined) return false;
  const asDirectory = kind === 'directory' && exclude.pattern.endsWith('/');
  return exclude.takes(asDirectory ? `${path}/` : path);
}

/** The entries an archive of `picture` must have; what SQLite keeps beside a database may be missing. */
export function archivedOf(scene: Scene, picture: Picture): Picture {
  const wanted: Picture = new Map();
  for (const [path, item] of picture)
    if (!isLeftAlone(scene, path, item) && !isCompanion(picture, path)) wanted.set(path, item);
  for (const [path, { kind }] of wanted)
    if (kind === 'directory' && partOf(scene, path)?.select === 'metadata-only' && !holdsFile(wanted, path))
      wanted.delete(path);
  return wanted;
}

export function isCompanion(picture: Picture, path: string): boolean {
  return (
    COMPANION.test(path) && picture.get(path.replace(COMPANION, ''))?.content.startsWith('database') === true
  );
}

const holdsFile = (picture: Picture, directory: string): boolean =>
  [...picture].some(([path, { kind }]) => kind !== 'directory' && path.startsWith(`${directory}/`));
