/**
 * Pruned backups that wait for TRASH_DAYS: `.gofr-backup/trash/<filename>/` holds the archive, its sidecars and
 * `entry.json`. A backup is where its archive is; sidecars that a kill left on the other side follow it (`settleTrash`).
 */
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, type CatalogueEntry, type Tier, toBytePath } from '@gofr-backup/model';
import { removeTree, syncDirectory } from '@gofr-backup/posix';
import { writeAtomically } from './atomic.ts';
import { describeArchive } from './catalogue/catalogue.ts';
import { knownCatalogue, recordEntry, requireLock } from './catalogue/held-catalogue.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { exists, renameIfThere } from './install.ts';
import { SIDECARS, tierDir, trashDirOf } from './layout.ts';
import { parseEntry, parseObject } from './catalogue/manifest.ts';
import { isSigned, signRecord } from './catalogue/signed-records.ts';
import { readSigningKey, signingKey } from './catalogue/signing-key.ts';
import type { SigningKey } from './catalogue/signing-key.ts';
import { isoUtc, parseName } from './names.ts';
import { orWarn } from './or-warn.ts';
import { ensureOwnDirectory, isOwnDirectory } from './own-directory.ts';
import type { Ownership } from './catalogue/ownership.ts';
import { pin, writeMark } from './pin.ts';
import { findArchive } from './catalogue/scan.ts';
import { readSmallFile } from './small-file.ts';

export interface TrashedBackup {
  filename: string;
  tier: Tier;
  size_bytes: number;
  /** ISO 8601 UTC */
  trashed_at: string;
}

const DAY = 86_400_000;
const ENTRY = 'entry.json';
const placeOf = (options: Options, filename: string): string => join(trashDirOf(options.backupDir), filename);

/** Moves archive and sidecars aside; the manifest's entry is the caller's to drop. */
export async function moveToTrash(options: Options, entry: CatalogueEntry): Promise<void> {
  const lock = requireLock(options);
  const place = placeOf(options, entry.filename);
  await ensureOwnDirectory(trashDirOf(options.backupDir), 0o700);
  await ensureOwnDirectory(place, 0o700);
  const signed = signRecord(await signingKey(options), entry);
  const record = { trashed_at: isoUtc(options.clock.now()), entry: signed };
  await writeAtomically(join(place, ENTRY), JSON.stringify(record, null, 2), { beforeRename: lock.check });
  await moveBackup(tierDir(options.backupDir, entry.tier), place, entry.filename);
}

export async function listTrash(options: Options): Promise<TrashedBackup[]> {
  const found: TrashedBackup[] = [];
  const { owns } = await knownCatalogue(options);
  for (const { filename, tier } of await ownPlaces(options, owns)) {
    const place = placeOf(options, filename);
    if (!(await exists(join(place, filename)))) continue;
    const { size, mtime } = await stat(join(place, filename));
    const trashed_at = (await readRecord(options, filename)).trashed_at ?? mtime.toISOString();
    found.push({ filename, tier, size_bytes: size, trashed_at });
  }
  return found.sort((a, b) => (a.trashed_at < b.trashed_at ? 1 : -1));
}

/** Brought back and pinned: else the next prune would take it again. The mark is written first, so that a kill keeps it. */
export async function undelete(options: Options, filename: string): Promise<CatalogueEntry> {
  const trashed = (await listTrash(options)).find((backup) => backup.filename === filename);
  if (trashed === undefined)
    throw new BackupError('NO_SUCH_BACKUP', `${filename} is not in the trash`, {
      why: 'it was never pruned, or its TRASH_DAYS are over',
      hint: 'See what lies there with `gofr-backup undelete`.',
    });
  await requireLock(options).check();
  const directory = tierDir(options.backupDir, trashed.tier);
  await ensureOwnDirectory(directory);
  if (await exists(join(directory, filename))) throw inTheWay(directory, filename);
  const place = placeOf(options, filename);
  const { entry, ...recorded } = await readRecord(options, filename);
  const marked = entry && { ...entry, pinned: true };
  if (marked) await writeMark(options, place, marked);
  await moveBackup(place, directory, filename);
  const archive = await findArchive(options.backupDir, trashed.tier, filename);
  if (archive !== undefined)
    await recordEntry(options, await describeArchive(archive, { ...recorded, record: marked }, options));
  const back = await pin(options, filename);
  await removePlace(options, filename);
  return back;
}

const inTheWay = (directory: string, filename: string): BackupError =>
  new BackupError('FAILED', `${filename} stays in the trash`, {
    why: `a file of this name is in ${directory}`,
    hint: 'Look which one is whole (`sha256sum`), move that file away, and run it again.',
  });

/** Deletes for good what was trashed more than `days` days ago; answers the names. */
export async function emptyTrash(options: Options, days: number): Promise<string[]> {
  const deadline = options.clock.now() - days * DAY;
  const over = (await listTrash(options)).filter((backup) => Date.parse(backup.trashed_at) <= deadline);
  for (const { filename } of over) {
    await requireLock(options).check();
    await removePlace(options, filename);
  }
  return over.map(({ filename }) => filename);
}

/** Deletes what was trashed first, one by one, until there is `enough`; answers the names. */
export async function giveUpTrash(options: Options, enough: () => Promise<boolean>): Promise<string[]> {
  const gone: string[] = [];
  for (const { filename } of (await listTrash(options)).toReversed()) {
    if (await enough()) break;
    await requireLock(options).check();
    await removePlace(options, filename);
    gone.push(filename);
  }
  return gone;
}

/** Another project's trash is its own. */
async function ownPlaces(
  options: Options,
  owns: Ownership['owns'],
): Promise<{ filename: string; tier: Tier }[]> {
  const filenames = await placesIn(options);
  return filenames.flatMap((filename) => {
    const name = parseName(filename);
    return name !== undefined && owns(name.prefix) ? [{ filename, tier: name.tier }] : [];
  });
}

/** After a kill: sidecars follow their archive, to the trash or back; places without an archive go. */
export async function settleTrash(options: Options, owns: Ownership['owns']): Promise<void> {
  for (const { filename, tier } of await ownPlaces(options, owns)) {
    const place = placeOf(options, filename);
    const directory = tierDir(options.backupDir, tier);
    await orWarn(options.logger, place, async () => {
      if (await exists(join(place, filename))) return moveSidecars(directory, place, filename);
      if (await exists(join(directory, filename))) await moveSidecars(place, directory, filename);
      await removePlace(options, filename);
    });
  }
}

/** Only real directories count as places in the trash. */
async function placesIn(options: Options): Promise<string[]> {
  const trash = trashDirOf(options.backupDir);
  const places: string[] = [];
  await orWarn(options.logger, trash, async () => {
    if (!(await isOwnDirectory(trash))) return;
    const found = await readdir(trash, { withFileTypes: true });
    places.push(...found.filter((one) => one.isDirectory()).map(({ name }) => name));
  });
  return places;
}

const removePlace = (options: Options, filename: string): Promise<void> =>
  removeTree(toBytePath(placeOf(options, filename)));

async function moveBackup(from: string, to: string, filename: string): Promise<void> {
  await rename(join(from, filename), join(to, filename));
  await syncDirectory(to);
  await moveSidecars(from, to, filename);
  await syncDirectory(from);
}

async function moveSidecars(from: string, to: string, filename: string): Promise<void> {
  for (const sidecar of SIDECARS) {
    if (await exists(join(to, filename + sidecar))) continue;
    await renameIfThere(join(from, filename + sidecar), join(to, filename + sidecar));
  }
}

async function readRecord(
  options: Options,
  filename: string,
): Promise<{ trashed_at?: string; entry?: CatalogueEntry; signed: boolean; key: SigningKey | undefined }> {
  const record = parseObject((await readSmallFile(join(placeOf(options, filename), ENTRY))) ?? '');
  const entry = parseEntry(filename, record?.['entry']);
  const at = record?.['trashed_at'];
  const valid = typeof at === 'string' && !Number.isNaN(Date.parse(at));
  const key = await readSigningKey(options);
  const signed = entry !== undefined && isSigned(key, record?.['entry'] as Record<string, unknown>);
  return { ...(valid ? { trashed_at: at } : {}), ...(entry ? { entry } : {}), signed, key };
}
