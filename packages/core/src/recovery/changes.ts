/** What a restore would change, file by file; nothing is written. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { fsPath, joinPath } from '../archive/byte-path.ts';
import type { ArchiveEntry, ArchiveReader, BytePath } from '../archive/types.ts';
import type { ChangeCount, RestoreOutcome } from '../operations/types.ts';
import { isOneOf } from '../archive/walk.ts';
import { isLeftAlone, isWorkDir, refuseConflict } from './moves.ts';
import { leadsInto } from './roots.ts';
import { type Target, within } from './target.ts';
import { isSpecial, isWithin, look, parentOf, walk } from './tree.ts';

export type Changes = NonNullable<RestoreOutcome['changes']>;

/** Files and links; bytes of the new content for added and replaced, of the present for removed and unchanged. */
export async function compareWithTargets(
  reader: ArchiveReader,
  targets: Target[],
  signal: AbortSignal,
): Promise<Changes> {
  const changes = { added: none(), replaced: none(), removed: none(), unchanged: none() };
  const selected = targets.map((target) => ({
    target,
    has: within(target.paths),
    seen: new Set<BytePath>(),
  }));
  for await (const entry of reader.entries()) {
    signal.throwIfAborted();
    if (entry.type === 'directory') continue;
    for (const { target, has, seen } of selected) {
      const place = placeOf(entry.path, target);
      if (place === undefined || !has(entry.path)) continue;
      if (leadsInto(parentOf(place), target.place, target.withheld)) continue;
      if (!target.merge) seen.add(place);
      const present = look(place);
      if (!present || present.isDirectory()) count(changes.added, entry.size);
      else if (isLeftAlone(present, relativeTo(place, target), target, true))
        count(changes.unchanged, Number(present.size));
      else if (await isSame(entry, place, present, target)) count(changes.unchanged, Number(present.size));
      else count(changes.replaced, entry.size);
    }
  }
  for (const { target, seen } of selected) if (!target.merge) countRemoved(changes.removed, target, seen);
  return changes;
}

function placeOf(path: BytePath, target: Target): BytePath | undefined {
  if (target.archivePath === '') return joinPath(target.place, path);
  if (!isWithin(path, target.archivePath)) return undefined;
  const relative = path.slice(target.archivePath.length + 1);
  if (!target.takes(relative)) return undefined;
  return relative === '' ? target.place : joinPath(target.place, relative);
}

/** As rsync decides: size and time, and the content when only the time differs and its hash is known. */
async function isSame(
  entry: ArchiveEntry,
  place: BytePath,
  present: BigIntStats,
  target: Target,
): Promise<boolean> {
  if (entry.type === 'symlink') return present.isSymbolicLink() && readLink(place) === entry.linkTarget;
  if (!present.isFile()) return false;
  if (entry.type === 'hardlink') return look(placeOf(entry.linkTarget!, target) ?? '/')?.ino === present.ino;
  if (BigInt(entry.size) !== present.size) return false;
  // utimes(2) through a double is exact to less than a microsecond
  const apart = entry.mtimeNs - present.mtimeNs;
  if (apart > -1000n && apart < 1000n) return true;
  return entry.hash !== undefined && entry.hash.toString('hex') === (await hashFile(place));
}

function countRemoved(removed: ChangeCount, target: Target, seen: Set<BytePath>): void {
  const isClosed = (path: BytePath, stat: BigIntStats) => isWorkDir(path) || isOneOf(stat, target.withheld);
  for (const { path, relative, stat } of walk(target.place, isClosed))
    if (!stat.isDirectory() && !isSpecial(stat) && !seen.has(path) && target.owns(relative, false))
      count(removed, stat.isFile() ? Number(stat.size) : 0);
}

/** Throws FAILED for the first entry that --merge cannot lay over what is there, before anything is written. */
export async function refuseConflicts(reader: ArchiveReader, targets: Target[]): Promise<void> {
  const merging = targets
    .filter(({ merge }) => merge)
    .map((target) => ({ target, has: within(target.paths) }));
  if (merging.length === 0) return;
  for await (const entry of reader.entries())
    for (const { target, has } of merging) {
      const place = placeOf(entry.path, target);
      if (place === undefined || !has(entry.path)) continue;
      const present = look(place);
      if (present && !isLeftAlone(present, relativeTo(place, target), target, true))
        refuseConflict(place, present, entry.type === 'directory');
    }
}

const relativeTo = (place: BytePath, { place: root }: Target): BytePath =>
  place === root ? '' : place.slice(joinPath(root, '').length);

/** Hex SHA-256 of a regular file. */
export async function hashFile(path: BytePath): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(fsPath(path), { highWaterMark: 1 << 20 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export function readLink(path: BytePath): BytePath {
  return readlinkSync(fsPath(path), { encoding: 'latin1' });
}

const none = (): ChangeCount => ({ files: 0, bytes: 0 });

function count(change: ChangeCount, bytes: number): void {
  change.files++;
  change.bytes += bytes;
}
