/** What a killed run left behind: finished where it was as good as done, removed where not. */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOurs } from './catalogue.ts';
import { readChecksum } from './checksum.ts';
import { refreshCatalogue, requireLock } from './held-catalogue.ts';
import type { Options } from './held-catalogue.ts';
import { exists } from './install.ts';
import { LOCK_FILE, MANIFEST, SCRATCH_DIR, SIDECARS, tierDir } from './layout.ts';
import { readLock } from './lock-file.ts';
import { parseName } from './names.ts';
import { namesIn, parseTemporary, scanTiers } from './scan.ts';
import type { FoundTemporary, Scan } from './scan.ts';
import { settleTrash } from './trash.ts';

const HOUR = 3_600_000;

/** Only under the lock: nobody else is at work then. Answers what was removed, as paths. */
export async function sweep(options: Options): Promise<string[]> {
  if (requireLock(options).readOnly) return [];
  const scan = await scanTiers(options.backupDir);
  const { temporaries } = scan;
  await finishCommits(temporaries);
  await settleTrash(options);
  const debris = [
    ...temporaries.map(({ path }) => path),
    ...(await orphanedSidecars(options, scan)),
    ...(await abandonedWrites(options)),
    ...(await scratch(options)),
    ...(await lockDebris(options)),
  ];
  const removed: string[] = [];
  for (const path of debris) {
    if (!(await exists(path))) continue;
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  }
  await refreshCatalogue(options, { scan });
  return removed;
}

/** The archive got its name and the run was killed before the sidecars got theirs: they are complete by then. */
async function finishCommits(temporaries: FoundTemporary[]): Promise<void> {
  for (const { path, filename, random } of temporaries) {
    const sidecar = SIDECARS.find((suffix) => filename.endsWith(suffix));
    if (sidecar === undefined) continue;
    const archive = filename.slice(0, -sidecar.length);
    const named = await exists(join(dirname(path), archive));
    const unnamed = temporaries.some((other) => other.random === random && other.filename === archive);
    // one written anew beside its archive may be cut short; in a commit all of them are complete by now
    const whole = sidecar !== '.sha256' || (await readChecksum(path, archive)).kind === 'hash';
    if (named && !unnamed && whole && !(await exists(join(dirname(path), filename))))
      await rename(path, join(dirname(path), filename));
  }
}

/** Whatever has the archive's name keeps them, were it a link to a disk that is not there today. */
async function orphanedSidecars(options: Options, { sidecars, archives }: Scan): Promise<string[]> {
  const present = new Set(archives.map(({ filename }) => filename));
  const orphans: string[] = [];
  for (const { tier, archive, kind } of sidecars) {
    if (present.has(archive)) continue;
    const name = parseName(archive);
    if (name?.tier !== tier || !isOurs(name.prefix, options)) continue;
    const path = join(tierDir(options.backupDir, tier), archive);
    if (!(await exists(path))) orphans.push(path + kind);
  }
  return orphans;
}

/** Of the manifest, and of whatever is kept beside the lock. */
async function abandonedWrites({ backupDir, stateDir }: Options): Promise<string[]> {
  const manifests = (await namesIn(backupDir)).filter((name) => parseTemporary(name)?.filename === MANIFEST);
  const states = (await namesIn(stateDir)).filter((name) => parseTemporary(name) !== undefined);
  return [...manifests.map((name) => join(backupDir, name)), ...states.map((name) => join(stateDir, name))];
}

async function scratch({ stateDir }: Options): Promise<string[]> {
  const directory = join(stateDir, SCRATCH_DIR);
  return (await namesIn(directory)).map((name) => join(directory, name));
}

/** Claims, marks and beacons of processes that died contending. A young one may be of somebody who contends now. */
async function lockDebris({ stateDir }: Options): Promise<string[]> {
  const lock = await readLock(stateDir);
  if (lock === undefined) return [];
  const { holder, beatAt } = lock;
  const old: string[] = [];
  for (const name of await readdir(stateDir)) {
    if (!name.startsWith(`${LOCK_FILE}.`) || name === holder?.beacon) continue;
    const { mtimeMs } = await stat(join(stateDir, name)).catch(() => ({ mtimeMs: beatAt }));
    if (beatAt - mtimeMs > HOUR) old.push(join(stateDir, name));
  }
  return old;
}
