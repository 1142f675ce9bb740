import type { Dirent } from 'node:fs';
import { type BytePath, isErrno, joinPath } from '@gofr-backup/model';
import { entriesIn } from './entries-in.ts';
import { breathe } from './remove-tree.ts';

export interface EntryBelow {
  path: BytePath;
  /** the last part of the path */
  name: BytePath;
  entry: Dirent<Buffer>;
}

type Refused = (directory: BytePath, error: unknown) => void | Promise<void>;

/** Entries until other work of the process comes to its turn. */
const PORTION = 500;

/**
 * What lies below a directory, level by level, without a call an entry. Names are bytes, no link below the start is followed, and a
 * directory that vanishes meanwhile is passed over. `refused` is told of one that cannot be listed; by default the error is thrown.
 */
export async function* entriesBelow(start: BytePath, refused: Refused = rethrow): AsyncGenerator<EntryBelow> {
  const waiting = [start];
  let seen = 0;
  for (const directory of waiting) {
    const isGone = (error: unknown): boolean => directory !== start && isErrno(error, 'ENOENT', 'ENOTDIR');
    try {
      for (const entry of entriesIn(directory)) {
        const name = entry.name.toString('latin1');
        const path = joinPath(directory, name);
        if (entry.isDirectory()) waiting.push(path);
        yield { path, name, entry };
        if (++seen % PORTION === 0) await breathe();
      }
    } catch (error) {
      if (!isGone(error)) await refused(directory, error);
    }
  }
}

function rethrow(_: BytePath, error: unknown): void {
  throw error;
}
