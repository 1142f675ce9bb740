/** Lists the tier directories, whatever the manifest says. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring, isErrno, type Tier, TIERS } from '@gofr-backup/model';
import { SIDECARS, TEMPORARY, tierDir } from '../layout.ts';
import type { Sidecar } from '../layout.ts';
import { parseName } from '../names.ts';
import type { ArchiveName } from '../names.ts';
import { isRealDirectory } from '../own-directory.ts';

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
  tier: Tier;
  /** the name of the file beside it */
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
  /** paths with the name of an archive where no regular file is */
  others: string[];
}

const TEMPORARY_NAME = /^\.tmp-([0-9a-f]{12})-(.+)$/s;

/**
 * A file whose name is not an archive's, or that lies in another tier than its name says, is not reported, so no
 * operation touches it.
 */
export async function scanTiers(backupDir: string): Promise<Scan> {
  const scan: Scan = { archives: [], sidecars: [], temporaries: [], others: [] };
  for (const tier of TIERS) await scanTier(scan, backupDir, tier);
  return scan;
}

/** undefined: there is no such archive in this tier. */
export async function findArchive(
  backupDir: string,
  tier: Tier,
  filename: string,
): Promise<FoundArchive | undefined> {
  const name = parseName(filename);
  if (name?.tier !== tier) return undefined;
  const path = `${tierDir(backupDir, tier)}/${filename}`;
  const status = await lstat(path, { bigint: true }).catch(ignoring('ENOENT'));
  if (!status?.isFile()) return undefined;
  const identity = `${status.dev}:${status.ino}`;
  return { filename, tier, name, path, size: Number(status.size), mtime: Number(status.mtimeMs), identity };
}

async function scanTier(scan: Scan, backupDir: string, tier: Tier): Promise<void> {
  const directory = tierDir(backupDir, tier);
  const candidates: string[] = [];
  const names = (await isRealDirectory(directory)) ? await namesIn(directory) : [];
  for (const filename of names) {
    if (filename.startsWith(TEMPORARY)) {
      const temporary = parseTemporary(filename);
      if (temporary) scan.temporaries.push({ path: join(directory, filename), tier, ...temporary });
      continue;
    }
    const kind = SIDECARS.find((sidecar) => filename.endsWith(sidecar));
    if (kind === undefined) candidates.push(filename);
    else scan.sidecars.push({ tier, archive: filename.slice(0, -kind.length), kind });
  }
  for (const batch of inBatches(candidates)) {
    const found = await Promise.all(batch.map((filename) => findArchive(backupDir, tier, filename)));
    scan.archives.push(...found.filter((archive) => archive !== undefined));
    const missing = batch.filter(
      (filename, n) => found[n] === undefined && parseName(filename)?.tier === tier,
    );
    scan.others.push(...missing.map((filename) => join(directory, filename)));
  }
}

/** Files are read in batches, because ten thousand backups take seconds one at a time. */
const BATCH = 256;
export function* inBatches<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += BATCH) yield all.slice(from, from + BATCH);
}

export function parseTemporary(filename: string): { random: string; filename: string } | undefined {
  const [, random, final] = TEMPORARY_NAME.exec(filename) ?? [];
  return random !== undefined && final !== undefined ? { random, filename: final } : undefined;
}

export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
