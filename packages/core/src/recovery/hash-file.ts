/** The content of a file on disk as a hash. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import type { BytePath } from '@gofr-backup/model';
import { breathe, closeSource, openRegularSync } from '@gofr-backup/posix';

const CHUNK = 1 << 20;

/**
 * The content's SHA-256 in hex. It follows no link and never waits for a FIFO's writer. `buffer` saves a buffer for
 * each file.
 */
export async function hashFile(path: BytePath, buffer: Buffer = Buffer.allocUnsafe(CHUNK)): Promise<string> {
  const digest = createHash('sha256');
  const fd = openRegularSync(path);
  try {
    for (let read = 0; (read = readSync(fd, buffer)) > 0;) {
      digest.update(buffer.subarray(0, read));
      if (read === buffer.length) await breathe();
    }
    return digest.digest('hex');
  } finally {
    closeSource(fd);
  }
}
