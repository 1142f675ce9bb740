import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { type BytePath, fsPath, isErrno, joinPath } from '@gofr-backup/model';

export interface EntryBelow {
  path: BytePath;
  entry: Dirent;
}

type Refused = (directory: BytePath, error: unknown) => void | Promise<void>;

/**
 * What lies below a directory, level by level, without a call an entry. Names are bytes, no link below the start is followed, and a
 * directory that vanishes meanwhile is passed over. `refused` is told of one that cannot be listed; by default the error is thrown.
 */
export async function* entriesBelow(start: BytePath, refused: Refused = rethrow): AsyncGenerator<EntryBelow> {
  const waiting = [start];
  for (const directory of waiting) {
    const isGone = (error: unknown): boolean => directory !== start && isErrno(error, 'ENOENT', 'ENOTDIR');
    try {
      for await (const entry of await opened(directory)) {
        const path = joinPath(directory, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        yield { path, entry };
      }
    } catch (error) {
      if (!isGone(error)) await refused(directory, error);
    }
  }
}

// Node's types know 'buffer' and 'utf8' only
const opened = (directory: BytePath) =>
  opendir(fsPath(directory) as string, { encoding: 'latin1' as BufferEncoding });

function rethrow(_: BytePath, error: unknown): void {
  throw error;
}
