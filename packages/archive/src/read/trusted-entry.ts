/** Entries of an index, as far as they may be used. */
import type { ArchiveEntry } from '@gofr-backup/model';
import type { IndexEntry } from '../index/types.ts';
import { hostile } from '../refusals.ts';
import { canonicalPath, linkTargetOf } from '../extract/safety.ts';

/**
 * An entry of an index, refused when its name is not canonical: this program writes no such name, so the index is an
 * attack.
 */
export function trusted(entry: IndexEntry): ArchiveEntry {
  const { path, type, size, mode, uid, gid, mtimeNs, linkTarget, hash } = entry;
  if (canonicalPath(path) !== path || path === '')
    throw hostile(path, 'its name in the index is not canonical');
  const isLink = type === 'hardlink' || type === 'symlink';
  if (isLink && linkTargetOf(path, type, linkTarget ?? '') !== linkTarget) {
    throw hostile(path, 'its link target in the index is not canonical');
  }
  if (type !== 'file' && size > 0)
    throw hostile(path, `it is a ${type} but declares ${size} bytes of content`);
  const known: ArchiveEntry = { path, type, size, mode, uid, gid, mtimeNs };
  if (linkTarget !== undefined) known.linkTarget = linkTarget;
  if (hash) known.hash = hash;
  if (entry.sparse) known.sparse = true;
  if (entry.storedSize !== undefined) known.storedSize = entry.storedSize;
  if (entry.xattrs) known.xattrs = entry.xattrs;
  return known;
}
