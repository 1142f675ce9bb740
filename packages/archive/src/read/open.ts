/** Opens an archive for reading, by its index when that is good, else as a stream. */
import type { FileHandle } from 'node:fs/promises';
import { BackupError, isErrno, toBackupError } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import { damagedIndex } from '../index/sections.ts';
import type { OpenArchive, OpenArchiveOptions } from '../types.ts';
import { IndexedSource } from './indexed-source.ts';
import { OpenedArchive } from './opened-archive.ts';
import { BEGINNING_BYTES, detectCompression } from './stream-decoder.ts';
import { StreamSource } from './stream-source.ts';

/** Throws NO_SUCH_BACKUP when there is no such file, ARCHIVE_DAMAGED when it is no archive. */
export const openArchive: OpenArchive = async (options) => {
  const archive = await openFile(options.archivePath);
  try {
    const { size } = await archive.stat();
    await options.arrival?.until(Math.min(size, BEGINNING_BYTES));
    const told = options.asIndexed ? await indexedSource(options, archive, () => true) : undefined;
    const codec = told?.codec ?? (await detectCompression(archive));
    const fits = (index: IndexedSource): boolean => index.size === size && index.codec === codec;
    const index = told ?? (await indexedSource(options, archive, fits));
    if (index === undefined) await options.arrival?.until(size);
    return new OpenedArchive(options, archive, new StreamSource(archive, codec, size), index);
  } catch (cause) {
    await archive.close();
    throw toBackupError(cause, `Opening ${options.archivePath}`);
  }
};

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await openRegular(path);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) {
      throw new BackupError('NO_SUCH_BACKUP', `There is no archive ${path}.`, { cause });
    }
    throw toBackupError(cause, `Opening ${path}`);
  }
}

/** A defect of the index only costs speed: undefined then, and the archive is read as a stream. */
async function indexedSource(
  { indexPath, threads, engine, arrival, logger, archivePath }: OpenArchiveOptions,
  archive: FileHandle,
  fits: (index: IndexedSource) => boolean,
): Promise<IndexedSource | undefined> {
  if (indexPath === undefined) return undefined;
  try {
    const source = await IndexedSource.load(archive, indexPath, { threads, engine, arrival });
    if (fits(source)) return source;
    await source.close();
    throw damagedIndex('It is the index of another archive.');
  } catch (cause) {
    const { code, message, why } = toBackupError(cause, 'Reading the index');
    logger.warn(
      { archivePath, indexPath, code, reason: `${message} ${why}` },
      'no usable index, reading the whole archive',
    );
    return undefined;
  }
}
