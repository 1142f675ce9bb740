import { isErrno, openRegular } from '@gofr-backup/posix';

/** The whole file; undefined when there is none. */
export async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await openRegular(path);
    return await file.readFile();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
