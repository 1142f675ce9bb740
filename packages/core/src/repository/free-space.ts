import { statfs } from 'node:fs/promises';

/** Bytes an ordinary user may still write on the file system that holds `directory`. */
export async function freeSpace(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory, { bigint: true });
  return Number(bavail * bsize);
}
