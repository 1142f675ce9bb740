import { type Dir, type Dirent, opendirSync } from 'node:fs';
import { type BytePath, fsPath, isErrno } from '@gofr-backup/model';

/**
 * What lies in a directory, without a call an entry and in little memory. Where the file system tells no types (NFS, some of FUSE),
 * Node looks at each entry itself, by the name as it hands it out: only bytes name the right one. What is gone by then is passed over.
 */
export function* entriesIn(directory: BytePath): Generator<Dirent<Buffer>> {
  // one at a time: a failed look loses all that was read with it
  const opened = opendirSync(fsPath(directory) as string, {
    encoding: 'buffer' as BufferEncoding,
    bufferSize: 1,
  }) as unknown as Dir & { readSync(): Dirent<Buffer> | null };
  try {
    for (;;) {
      const entry = presentEntry(opened);
      if (entry === null) return;
      if (entry !== undefined) yield entry;
    }
  } finally {
    opened.closeSync();
  }
}

/** Null at the end; undefined for one that is gone. */
function presentEntry(opened: { readSync(): Dirent<Buffer> | null }): Dirent<Buffer> | null | undefined {
  try {
    return opened.readSync();
  } catch (error) {
    if (isFailedLook(error) && isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Node's look at an entry failed, not a call on the directory itself. */
export const isFailedLook = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && error.syscall === 'lstat';
