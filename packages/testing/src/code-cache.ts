import { chownSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * For NODE_COMPILE_CACHE of a process that another user runs, who may not write into ours: without one its modules are stripped and
 * compiled anew, half of the time of a small process. One a user for all that a test starts.
 */
export function codeCacheOf(uid: number): string {
  const place = join(tmpdir(), `code-${uid}`);
  mkdirSync(place, { recursive: true });
  if (process.getuid?.() === 0) chownSync(place, uid, uid);
  return place;
}
