/** One look at the tier directories: what lies there, whatever the manifest says. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TIERS } from '../catalogue.ts';
import type { Tier } from '../catalogue.ts';
import { SIDECARS, TEMPORARY, tierDir } from './layout.ts';
import type { Sidecar } from './layout.ts';
import { parseName } from './names.ts';
import type { ArchiveName } from './names.ts';
import { isRealDirectory } from './own-directory.ts';

export interface FoundArchive {
  filename: string;
  tier: Tier;
  name: ArchiveName;
  path: string;
  size: number;
  /** milliseconds since the epoch */
  mtime: number;
  /** device and inode: equal for hard links */
  identity: string;
}
export interface FoundSidecar {
  path: string;
  archive: string;
  kind: Sidecar;
}
export interface FoundTemporary {
  path: string;
  tier: Tier;
  /** the final name it was meant for */
  filename: string;
  /** of the run that made it */
  random: string;
}
export interface Scan {
  archives: FoundArchive[];
  sidecars: FoundSidecar[];
  temporaries: FoundTemporary[];
}

const TEMPORARY_NAME = /^\.tmp-([0-9a-f]{12})-(.+)$/s;

/** Whatever has no name of ours, or lies in another tier than its name says, is not reported, so nothing touches it. */
export async function scanTiers(backupDir: string): Promise<Scan> {
  const scan: Scan = { archives: [], sidecars: [], temporaries: [] };
  for (const tier of TIERS) {
    const directory = tierDir(backupDir, tier);
    const found = (await isRealDirectory(directory)) ? await namesIn(directory) : [];
    for (const names of inBatches(found))
      await Promise.all(names.map((filename) => sort(scan, backupDir, tier, filename)));
  }
  return scan;
}

/** Looked at together: one at a time, ten thousand backups take seconds. */
const BATCH = 256;
function* inBatches(names: string[]): Generator<string[]> {
  for (let from = 0; from < names.length; from += BATCH) yield names.slice(from, from + BATCH);
}

export function parseTemporary(filename: string): { random: string; filename: string } | undefined {
  const [, random, final] = TEMPORARY_NAME.exec(filename) ?? [];
  return random !== undefined && final !== undefined ? { random, filename: final } : undefined;
}

export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function sort(scan: Scan, backupDir: string, tier: Tier, filename: string): Promise<void> {
  const path = join(tierDir(backupDir, tier), filename);
  if (filename.startsWith(TEMPORARY)) {
    const temporary = parseTemporary(filename);
    if (temporary) scan.temporaries.push({ path, tier, ...temporary });
    return;
  }
  const kind = SIDECARS.find((sidecar) => filename.endsWith(sidecar));
  const archive = kind === undefined ? filename : filename.slice(0, -kind.length);
  const name = parseName(archive);
  if (name?.tier !== tier) return;
  if (kind !== undefined) scan.sidecars.push({ path, archive, kind });
  else await addArchive(scan, { filename, tier, name, path });
}

async function addArchive(
  scan: Scan,
  found: Pick<FoundArchive, 'filename' | 'tier' | 'name' | 'path'>,
): Promise<void> {
  const status = await lstat(found.path, { bigint: true }).catch(unlessGone);
  if (!status?.isFile()) return;
  scan.archives.push({
    ...found,
    size: Number(status.size),
    mtime: Number(status.mtimeMs),
    identity: `${status.dev}:${status.ino}`,
  });
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
