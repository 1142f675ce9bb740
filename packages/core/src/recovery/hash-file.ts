/** The content of a file on disk as a hash. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import type { BytePath } from '@gofr-backup/model';
import { breathe, closeSource, openSource } from '@gofr-backup/posix';

const CHUNK = 1 << 20;

/** Hex SHA-256. Never through a link, and never waiting for a FIFO's writer. `buffer` saves making one for each file. */
export async function hashFile(path: BytePath, buffer: Buffer = Buffer.allocUnsafe(CHUNK)): Promise<string> {
  const digest = createHash('sha256');
  const fd = openSource(path);
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
