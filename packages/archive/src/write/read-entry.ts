/** Reads one file, header and content, into the raw bytes of a frame. */
import { closeSync } from 'node:fs';
import { errnoOf, type FileState, isSameState, READ_ATTEMPTS, readFully, stateOf } from '@gofr-backup/posix';
import { paddedLength } from '../index/file.ts';
import { openContent } from '../source/content.ts';
import type { ReadXattrs } from '../source/entry-xattrs.ts';
import { mayPass, NO_FILE_NOW } from '../source/failure.ts';
import type { WalkEntry } from '../source/source.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { readFittingXattrs } from './fitting-xattrs.ts';
import type { EntryOutcome } from './frame-result.ts';

export interface Reading {
  /** bytes of the frame that are left */
  room: number;
  xattrs: boolean;
}

/** Reads an entry; opens its file again after a failure that may pass. */
export function readEntry(entry: WalkEntry, raw: Buffer, at: number, how: Reading): EntryOutcome {
  let outcome = readOpened(entry, raw, at, how);
  for (let attempt = 1; attempt < READ_ATTEMPTS && mayPass(outcome.failure ?? ''); attempt++)
    outcome = readOpened(entry, raw, at, how);
  return outcome;
}

/**
 * Reads header and content of one file to `at`. They are consistent when the file does not change during one of a few
 * attempts.
 */
function readOpened(entry: WalkEntry, raw: Buffer, at: number, how: Reading): EntryOutcome {
  let fd: number;
  try {
    fd = openContent(entry);
  } catch (cause) {
    return { headerLength: 0, failure: errnoOf(cause) };
  }
  try {
    return readStable(fd, entry, raw, at, how);
  } catch (cause) {
    return { headerLength: 0, failure: stateOf(fd).isFile ? errnoOf(cause) : NO_FILE_NOW };
  } finally {
    closeSync(fd);
  }
}

function readStable(fd: number, entry: WalkEntry, raw: Buffer, at: number, how: Reading): EntryOutcome {
  const most = paddedLength(entry.size) + how.room;
  // A copy that stands for the file has other attributes.
  const own = entry.contentPath === undefined ? fd : undefined;
  let state: FileState = own === undefined ? stateOf(fd) : entry;
  for (let attempt = 1; ; attempt++) {
    const size = Math.min(state.size, most);
    const xattrs = how.xattrs ? readFittingXattrs(entry, own, most - paddedLength(size)) : {};
    const now = state === entry ? entry : { ...entry, ...archivedState(entry, state, size) };
    const end = writeHeaderBlocks(raw, at, withXattrs(now, xattrs));
    const done = readFully(fd, raw, end, size, 0);
    raw.fill(0, end + done, end + paddedLength(size));
    const after = stateOf(fd);
    if (!after.isFile) return { headerLength: 0, failure: NO_FILE_NOW };
    const same = isSameState(state, after) && size === state.size && done === size;
    if (same || attempt === READ_ATTEMPTS) {
      const outcome: EntryOutcome = { headerLength: end - at, ...xattrs };
      if (!same) outcome.changed = true;
      if (state !== entry || size !== state.size) outcome.now = archivedState(entry, state, size);
      return outcome;
    }
    const { isFile: _, ...changed } = after;
    state = changed;
  }
}

/** Nearly every entry has none, and is not copied. */
export const withXattrs = (entry: WalkEntry, { xattrs }: ReadXattrs): WalkEntry =>
  xattrs === undefined ? entry : { ...entry, xattrs };

/** A substitute has all but the size of the file it stands for. */
function archivedState(entry: WalkEntry, state: FileState, size: number): FileState {
  const { mtimeNs, ctimeNs, ino, mode, uid, gid } = entry.contentPath === undefined ? state : entry;
  return { size, mtimeNs, ctimeNs, ino, mode, uid, gid };
}
