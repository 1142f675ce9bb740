/** One place on disk that a restore changes, and what of the archive goes there. */
import { type BytePath, type Identity, joinPath } from '@gofr-backup/model';
import { isWithin, parentOf } from '@gofr-backup/posix';

export interface Target {
  /** names, for people; empty when it is no component */
  components: string[];
  /** absolute, every link in it resolved */
  place: BytePath;
  /** the archive path that belongs at `place`; '' is the archive's root */
  archivePath: BytePath;
  /** the archive's paths to restore, each with everything below it; absent: everything */
  paths?: BytePath[];
  /** lay over: what the archive does not have stays */
  merge: boolean;
  /** `place` itself is never renamed, only what is in it */
  stays: boolean;
  /** directories that are never touched, by whatever path they are reached: the backup directory */
  withheld: readonly Identity[];
  /** what is mounted inside and cannot be replaced; absent: nothing */
  mounted?: ReadonlySet<BytePath>;
  /**
   * whether a present path (relative to `place`) stays whatever the archive has, because EXCLUDE keeps it out of
   * every backup
   */
  keeps(relative: BytePath, isDirectory: boolean): boolean;
  /** whether a present path may be removed when the archive lacks it */
  owns(relative: BytePath, isDirectory: boolean): boolean;
  /** whether a file of the archive (relative to `place`) is restored */
  takes(relative: BytePath): boolean;
  /** a directory that keeps its own mode, owner and times */
  keepsAttributes(place: BytePath): boolean;
}

/** The places of one restore. */
export interface Selection {
  targets: Target[];
  warnings: string[];
}

/** Whether an archive path is one of `paths`, or lies below one. */
export function within(paths: BytePath[] | undefined): (path: BytePath) => boolean {
  if (paths === undefined) return () => true;
  const known = new Set(paths);
  return (path) => {
    for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1))
      if (known.has(path.slice(0, at))) return true;
    return false;
  };
}

/** Whether a place stays because of what is mounted at it or above it. */
export function isMounted(
  place: BytePath,
  { place: root, mounted }: Pick<Target, 'place' | 'mounted'>,
): boolean {
  if (mounted === undefined || mounted.size === 0) return false;
  for (let at = place; at.length > root.length; at = parentOf(at)) if (mounted.has(at)) return true;
  return false;
}

/** Where an entry of the archive comes to lie; undefined: it is none of the target's. */
export function placeOf(path: BytePath, target: Target): BytePath | undefined {
  if (target.archivePath === '') return joinPath(target.place, path);
  if (!isWithin(path, target.archivePath)) return undefined;
  const relative = path.slice(target.archivePath.length + 1);
  if (!target.takes(relative)) return undefined;
  return relative === '' ? target.place : joinPath(target.place, relative);
}

/** A place in or below the target's, as the target's own questions want it. */
export const relativeTo = (place: BytePath, { place: root }: Pick<Target, 'place'>): BytePath =>
  place === root ? '' : place.slice(joinPath(root, '').length);
