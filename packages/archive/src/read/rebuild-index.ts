/** Makes the index of an archive anew, from the archive alone. */
import { BackupError, toBackupError } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import type { RebuildIndex } from '../types.ts';
import { NewIndex } from './new-index.ts';
import { NotFramed } from './stored-units.ts';
import { detectCompression } from './stream-decoder.ts';

/**
 * An archive that is one compressed stream gets none. The inodes and change times of the files are gone, so a rebuilt
 * index serves reading, and the next run reuses nothing.
 */
export const rebuildIndex: RebuildIndex = async (options) => {
  const { archivePath, indexPath, logger, signal } = options;
  const archive = await openRegular(archivePath);
  try {
    const { size } = await archive.stat();
    const of = { archive, archivePath, size, codec: await detectCompression(archive) };
    await using made = await NewIndex.make(of, indexPath, options, 'index');
    await made.install();
  } catch (cause) {
    if (!(cause instanceof NotFramed)) throw translated(cause, signal);
    const reason = cause.message;
    logger.info({ archivePath, reason }, 'the archive is read as a stream, an index would not help');
  } finally {
    await archive.close();
  }
};

function translated(cause: unknown, signal: AbortSignal): BackupError {
  if (signal.aborted && !(cause instanceof BackupError))
    return new BackupError('CANCELLED', 'Rebuilding the index was cancelled.', { cause });
  return toBackupError(cause, 'Rebuilding the index');
}
