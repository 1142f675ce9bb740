import { join } from 'node:path';
import type { Compression, Tier } from '@gofr-backup/model';
import { isErrno } from '@gofr-backup/posix';
import { randomSuffix } from './atomic.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { exists } from './install.ts';
import { SIDECARS, temporaryName, tierDir, trashDirOf } from './layout.ts';
import { formatName, sameStem, timestampAt } from './names.ts';
import type { ArchiveName } from './names.ts';
import { ensureOwnDirectory } from './own-directory.ts';

/** A name reserved for one run, and its temporary files; `commit` or `discard` ends the reservation. */
export interface Reservation {
  filename: string;
  tier: Tier;
  /** milliseconds since the epoch the name was made from */
  at: number;
  /** of its temporary names */
  random: string;
  archivePath: string;
  indexPath: string;
}

export async function reserve(
  options: Options,
  request: { tier: Tier; at: number; compression: Compression },
): Promise<Reservation> {
  const { tier, at, compression } = request;
  const timestamp = timestampAt(at, options.timezone);
  const name: ArchiveName = { prefix: options.prefix, tier, timestamp, nth: 1, compression };
  while (!(await isFree(options, name))) name.nth++;
  const directory = tierDir(options.backupDir, tier);
  await ensureOwnDirectory(directory);
  const random = randomSuffix();
  const filename = formatName(name);
  const archivePath = join(directory, temporaryName(random, filename));
  return { filename, tier, at, random, archivePath, indexPath: `${archivePath}.idx` };
}

/**
 * Whether the name is free: there is no archive of this stem with any compression, and no sidecar of one, neither in
 * the tier nor in the trash.
 */
export async function isFree(options: Options, name: ArchiveName): Promise<boolean> {
  const directory = tierDir(options.backupDir, name.tier);
  for (const filename of sameStem(name)) {
    if (await isInTrash(options, filename)) return false;
    for (const suffix of ['', ...SIDECARS])
      if (await exists(join(directory, filename + suffix))) return false;
  }
  return true;
}

/** A trash that another user closed holds no name of this project. */
const isInTrash = (options: Options, filename: string): Promise<boolean> =>
  exists(join(trashDirOf(options.backupDir), filename)).catch((error: unknown) => {
    if (isErrno(error, 'EACCES', 'EPERM')) return false;
    throw error;
  });
