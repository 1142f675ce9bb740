import { isErrno } from '@gofr-backup/model';
import { NotRegular, readTextAt } from '@gofr-backup/posix';

/** The size limit: no manifest or sidecar is larger. */
const LIMIT = 64 * 1024 * 1024;

/** The same, but throws NotRegular. */
export const readSmallText = (path: string): Promise<string | undefined> => readTextAt(path, LIMIT);

/**
 * The text of a small file that another user may have put there. Undefined when there is none, empty when it is no
 * regular file or too large.
 */
export async function readSmallFile(path: string): Promise<string | undefined> {
  try {
    return await readSmallText(path);
  } catch (error) {
    if (error instanceof NotRegular) return '';
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
