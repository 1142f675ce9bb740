import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isErrno } from '@gofr-backup/model';

/** The size limit: no manifest or sidecar is larger. */
const LIMIT = 64 * 1024 * 1024;

/**
 * The text of a small file that another user may have put there. Undefined when there is none, empty when it is no
 * regular file or too large. Never blocks on a FIFO.
 */
export async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      return found.isFile() && found.size <= LIMIT ? await handle.readFile('utf8') : '';
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    if (isErrno(error, 'EISDIR', 'ENXIO', 'ELOOP')) return '';
    throw error;
  }
}

/**
 * The same, but `closed` for a file that another user left with a mode that shuts this user out. Other failures are
 * thrown.
 */
export async function readUnlessClosed(path: string): Promise<{ content?: string; closed: boolean }> {
  try {
    const content = await readSmallFile(path);
    return { closed: false, ...(content === undefined ? {} : { content }) };
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM')) throw error;
    return { closed: true };
  }
}
