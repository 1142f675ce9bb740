/** Settles the leftovers of a killed run: a commit that was nearly done is finished, everything else is removed. */
import { lstat, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TIERS, toBytePath } from '@gofr-backup/model';
import { removeTree } from '@gofr-backup/posix';
import { abandonedFetches } from './abandoned.ts';
import { readChecksum } from './checksum.ts';
import { refreshCatalogue, requireLock } from './catalogue/held-catalogue.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { exists } from './install.ts';
import { MANIFEST, SIDECARS, tierDir } from './layout.ts';
import { parseName, prefixOf } from './names.ts';
import { orWarn } from './or-warn.ts';
import { isOwnDirectory } from './own-directory.ts';
import { ownership } from './catalogue/ownership.ts';
import type { Ownership } from './catalogue/ownership.ts';
import { namesIn, parseTemporary, scanTiers } from './catalogue/scan.ts';
import type { FoundTemporary, Scan } from './catalogue/scan.ts';
import { scratchDirs } from './scratch.ts';
import { settleTrash } from './trash.ts';

/** Only under the lock, because no other operation works then. Answers the paths that were removed. */
export async function sweep(options: Options): Promise<string[]> {
  if (requireLock(options).readOnly) return [];
  for (const tier of TIERS) await isOwnDirectory(tierDir(options.backupDir, tier));
  const scan = await scanTiers(options.backupDir);
  const { owns } = ownership(options, scan);
  const temporaries = ownTemporaries(scan, owns);
  await finishCommits(temporaries);
  await settleTrash(options, owns);
  const leftovers = [
    ...temporaries.map(({ path }) => path),
    ...(await orphanedSidecars(options, scan, owns)),
    ...(await abandonedWrites(options)),
    ...(await scratch(options)),
    ...(await abandonedFetches(options)),
  ];
  const removed: string[] = [];
  for (const path of leftovers) {
    await orWarn(options.logger, path, async () => {
      if (!(await exists(path))) return;
      await removeTree(toBytePath(path));
      removed.push(path);
    });
  }
  await refreshCatalogue(options, { scan });
  return removed;
}

/** Another project's are its own to finish or remove. */
function ownTemporaries({ temporaries }: Scan, owns: Ownership['owns']): FoundTemporary[] {
  return temporaries.filter(({ filename }) => {
    const sidecar = SIDECARS.find((suffix) => filename.endsWith(suffix)) ?? '';
    const archive = filename.slice(0, filename.length - sidecar.length).replace(/^rebuilt-/, '');
    const prefix = prefixOf(archive);
    return prefix === undefined || owns(prefix);
  });
}

/** Gives the sidecars their names when the run was killed after the archive got its own. They are complete by then. */
async function finishCommits(temporaries: FoundTemporary[]): Promise<void> {
  for (const { path, filename, random } of temporaries) {
    const sidecar = SIDECARS.find((suffix) => filename.endsWith(suffix));
    if (sidecar === undefined) continue;
    const archive = filename.slice(0, -sidecar.length);
    const named = await exists(join(dirname(path), archive));
    const unnamed = temporaries.some((other) => other.random === random && other.filename === archive);
    // A sidecar that is written anew beside its archive may be cut short. In a commit all sidecars are complete by
    // now.
    const whole = sidecar !== '.sha256' || (await readChecksum(path, archive)).kind === 'hash';
    if (named && !unnamed && whole && !(await exists(join(dirname(path), filename))))
      await rename(path, join(dirname(path), filename));
  }
}

/**
 * Sidecars without an archive. Any file with the archive's name keeps them, even a link to a disk that is missing
 * today.
 */
async function orphanedSidecars(
  { backupDir }: Options,
  { sidecars, archives }: Scan,
  owns: Ownership['owns'],
): Promise<string[]> {
  const present = new Set(archives.map(({ filename }) => filename));
  const orphans: string[] = [];
  for (const { tier, archive, kind } of sidecars) {
    if (present.has(archive)) continue;
    const name = parseName(archive);
    if (name?.tier !== tier || !owns(name.prefix)) continue;
    const path = join(tierDir(backupDir, tier), archive);
    if (await exists(path)) continue;
    // This program made no directory of such a name.
    if ((await exists(path + kind)) && !(await lstat(path + kind)).isDirectory()) orphans.push(path + kind);
  }
  return orphans;
}

/** Unfinished writes of the manifest, and of the files beside the lock. */
async function abandonedWrites({ backupDir, stateDir }: Options): Promise<string[]> {
  const manifests = (await namesIn(backupDir)).filter((name) => parseTemporary(name)?.filename === MANIFEST);
  const states = (await namesIn(stateDir)).filter((name) => parseTemporary(name) !== undefined);
  return [...manifests.map((name) => join(backupDir, name)), ...states.map((name) => join(stateDir, name))];
}

async function scratch({ stateDir, logger }: Options): Promise<string[]> {
  const found: string[] = [];
  for (const directory of scratchDirs(stateDir))
    await orWarn(logger, directory, async () => {
      if (!(await isOwnDirectory(directory))) return;
      found.push(...(await namesIn(directory)).map((name) => join(directory, name)));
    });
  return found;
}
