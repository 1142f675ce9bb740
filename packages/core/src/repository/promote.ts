/** A backup of one tier becomes one of another: the same bytes under a second name. */
import { createHash } from 'node:crypto';
import { link, open } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, type CatalogueEntry, isErrno, type Tier } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import { PRIVATE, randomSuffix } from './atomic.ts';
import { knownCatalogue, recordEntry } from './catalogue/held-catalogue.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { discard, install, linkIfThere } from './install.ts';
import { temporaryName, tierDir } from './layout.ts';
import { formatName, parseName } from './names.ts';
import { unpinned } from './pin.ts';
import type { ArchiveName } from './names.ts';
import { ensureOwnDirectory } from './own-directory.ts';
import { isFree } from './reserve.ts';

/** Idempotent: when the promoted archive is already there, only what is missing of its record is added. */
export async function promote(options: Options, entry: CatalogueEntry, tier: Tier): Promise<CatalogueEntry> {
  const name = parseName(entry.filename);
  if (name === undefined) throw new Error(`not an archive's name: ${entry.filename}`);
  const known = await knownCatalogue(options);
  const source = known.archive(entry.filename);
  if (source === undefined)
    throw new BackupError('NO_SUCH_BACKUP', `${entry.filename} is not there any more`);
  const sharers = known.sharing(entry.filename).map((sharer) => known.archive(sharer));
  const already = sharers.find((found) => found?.tier === tier && found.name.timestamp === name.timestamp);
  const filename = already?.filename ?? (await freeName(options, { ...name, prefix: options.prefix, tier }));
  const filepath = join(tierDir(options.backupDir, tier), filename);
  const isPinned = known.entry(filename)?.pinned;
  const promoted = { ...unpinned(entry), filename, tier, filepath, ...(isPinned ? { pinned: true } : {}) };
  if (already) {
    await recordEntry(options, promoted);
    return promoted;
  }
  return copyAndInstall(options, source.path, promoted);
}

async function freeName(options: Options, name: ArchiveName): Promise<string> {
  let nth = name.nth;
  while (!(await isFree(options, { ...name, nth }))) nth++;
  return formatName({ ...name, nth });
}

async function copyAndInstall(
  options: Options,
  source: string,
  entry: CatalogueEntry,
): Promise<CatalogueEntry> {
  const random = randomSuffix();
  const directory = tierDir(options.backupDir, entry.tier);
  const temporary = join(directory, temporaryName(random, entry.filename));
  await ensureOwnDirectory(directory);
  try {
    await linkOrCopy(source, temporary, entry.sha256);
    await linkIfThere(`${source}.idx`, `${temporary}.idx`).catch(() => undefined);
    return await install(options, random, entry);
  } catch (error) {
    await discard(options, random, entry);
    throw error;
  }
}

/** Copied where the file system has no hard links (or no more for this file); the copy is hashed on its way. */
async function linkOrCopy(from: string, to: string, sha256: string | undefined): Promise<void> {
  try {
    await link(from, to);
    return;
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error;
  }
  await copyHashed(from, to, sha256);
}

/**
 * Exported for its test, because few file systems refuse a hard link. The handle that wrote also syncs, because it
 * learns of every failure.
 */
export async function copyHashed(from: string, to: string, sha256: string | undefined): Promise<void> {
  const hash = createHash('sha256');
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of (await openRegular(from)).createReadStream()) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  };
  const handle = await open(to, 'wx', PRIVATE);
  try {
    await handle.writeFile(hashed());
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (sha256 !== undefined && hash.digest('hex') !== sha256)
    throw new BackupError('ARCHIVE_DAMAGED', `${from} is not what was verified`, {
      why: 'its SHA-256 changed since',
      hint: 'Verify it again (`gofr-backup verify`); it was not copied into another tier.',
    });
}
