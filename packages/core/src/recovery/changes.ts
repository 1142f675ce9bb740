/** Computes what a restore would change, file by file; nothing is written. */
import { readlinkSync } from 'node:fs';
import type { ArchiveReader } from '@gofr-backup/archive';
import {
  type ArchiveEntry,
  type BytePath,
  type ChangeCount,
  fsPath,
  isOneOf,
  isSameTime,
  isWorkDir,
  isWorkDirName,
  type RestoreOutcome,
  storedSizeOf,
} from '@gofr-backup/model';
import {
  type FileStat,
  isDirectory,
  isFile,
  isLink,
  isSpecial,
  lacksBlocks,
  parentOf,
} from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';
import { hashFile } from './hash-file.ts';
import { isLeftAlone } from './moves.ts';
import { PathSet } from './path-set.ts';
import type { RestorePlan } from './restore-plan.ts';
import { leadsInto } from './roots.ts';
import { isMounted, placeOf, relativeTo, type Target, within } from './target.ts';

export type Changes = NonNullable<RestoreOutcome['changes']>;

/**
 * Counts files and links. Bytes are those of the new content for added and replaced files, and of the present content
 * for removed and unchanged files.
 */
export async function compareWithTargets(
  reader: ArchiveReader,
  { targets, ground }: Pick<RestorePlan, 'targets' | 'ground'>,
  signal: AbortSignal,
): Promise<Changes> {
  const changes = { added: none(), replaced: none(), removed: none(), unchanged: none() };
  const selected = targets.map((target) => ({
    target,
    has: within(target.paths),
    seen: new PathSet(),
  }));
  for await (const entry of reader.entries()) {
    signal.throwIfAborted();
    if (entry.type === 'directory') continue;
    for (const { target, has, seen } of selected) {
      const place = placeOf(entry.path, target);
      if (place === undefined || !has(entry.path)) continue;
      if (leadsInto(parentOf(place), target.place, target.withheld, ground)) continue;
      // Nothing is found behind a link, because a restore puts a directory in its place.
      const present = ground.lstat(place);
      if (present && isCounted(place, present, target) && seen.add(place))
        count(changes.removed, present, -1);
      if (isMounted(place, target)) count(changes.unchanged, present ?? entry);
      else if (!present || isDirectory(present)) count(changes.added, entry);
      else if (isLeftAlone(present, relativeTo(place, target), target, true))
        count(changes.unchanged, present);
      else if (await isSame(entry, place, present, target, ground)) count(changes.unchanged, present);
      else count(changes.replaced, entry);
    }
  }
  for (const { target } of selected) if (!target.merge) countPresent(changes.removed, target, ground);
  return changes;
}

/**
 * Whether a present file counts. Removed files are the present files less those that the archive has, so no list of
 * the archive's names is needed.
 */
function isCounted(place: BytePath, present: FileStat, target: Target): boolean {
  if (target.merge || isDirectory(present) || isSpecial(present) || isMounted(place, target)) return false;
  const relative = relativeTo(place, target);
  return target.owns(relative, false) && !relative.split('/').some(isWorkDirName);
}

/**
 * Whether the present file equals the entry, decided as rsync does: by size and time, and by content when only the
 * time differs and the hash is known.
 */
async function isSame(
  entry: ArchiveEntry,
  place: BytePath,
  present: FileStat,
  target: Target,
  ground: Ground,
): Promise<boolean> {
  if (entry.type === 'symlink') return isLink(present) && readLink(ground.at(place)) === entry.linkTarget;
  if (!isFile(present)) return false;
  if (entry.type === 'hardlink')
    return ground.lstat(placeOf(entry.linkTarget!, target) ?? '/')?.ino === present.ino;
  if (entry.size !== present.size) return false;
  if (isSameTime(entry.mtimeNs, present.mtimeNs)) return true;
  return entry.hash !== undefined && entry.hash.toString('hex') === (await hashFile(ground.at(place)));
}

function countPresent(removed: ChangeCount, target: Target, ground: Ground): void {
  const isClosed = (path: BytePath, stat: FileStat) => isWorkDir(path) || isOneOf(stat, target.withheld);
  for (const { path, stat } of ground.walk(target.place, isClosed))
    if (isCounted(path, stat, target)) count(removed, stat);
}

export function readLink(path: BytePath): BytePath {
  return readlinkSync(fsPath(path), { encoding: 'latin1' });
}

const none = (): ChangeCount => ({ files: 0, bytes: 0 });

/** Of what lies there: only files have bytes of their own. Holes count as nothing. */
function count(change: ChangeCount, file: FileStat | ArchiveEntry, sign = 1): void {
  change.files += sign;
  change.bytes += sign * ('nlink' in file ? bytesOnDisk(file) : storedSizeOf(file));
}

function bytesOnDisk(file: FileStat): number {
  if (!isFile(file)) return 0;
  return lacksBlocks(file.size, file.blocks) ? file.blocks * 512 : file.size;
}
