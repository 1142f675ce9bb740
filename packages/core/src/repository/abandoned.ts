/**
 * What a killed fetch or drill of a copy left in the state directory. Neither holds the lock, so a live one may be at work: what
 * goes has the name and the owner of ours, and nothing in it has changed for a week.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, DAY, fsPath, ignoring, type Logger, toBytePath } from '@gofr-backup/model';
import { entriesBelow } from '@gofr-backup/posix';
import { orWarn } from './or-warn.ts';
import { isOwnDirectory } from './own-directory.ts';

const FETCH = /^fetched-[A-Za-z0-9]{6}$/;
const DRILL = /^drill-[A-Za-z0-9]{6}$/;
/** Below the state directory, with a directory for each store. */
const CACHES = 'offsite';
const QUIET = 7 * DAY;

export async function abandonedFetches(at: {
  stateDir: string;
  clock: Clock;
  logger: Logger;
}): Promise<string[]> {
  const { stateDir, clock, logger } = at;
  const stores = await directoriesIn(join(stateDir, CACHES));
  const places = [[stateDir, FETCH] as const, ...stores.map((store) => [store, DRILL] as const)];
  const found: string[] = [];
  for (const [place, pattern] of places)
    await orWarn(logger, place, async () => {
      for (const path of await directoriesIn(place, pattern))
        if ((await isOwnDirectory(path)) && (await isQuiet(path, clock.now() - QUIET))) found.push(path);
    });
  return found;
}

async function directoriesIn(place: string, pattern = /./): Promise<string[]> {
  const entries = (await readdir(place, { withFileTypes: true }).catch(ignoring('ENOENT', 'EACCES'))) ?? [];
  return entries
    .filter((entry) => entry.isDirectory() && pattern.test(entry.name))
    .map(({ name }) => join(place, name));
}

/** By the times of change, which no restore sets. */
async function isQuiet(path: string, since: number): Promise<boolean> {
  if ((await lstat(path)).ctimeMs > since) return false;
  for await (const inner of entriesBelow(toBytePath(path)))
    if ((await lstat(fsPath(inner.path))).ctimeMs > since) return false;
  return true;
}
