/** What the threads make of frames, and the frames of the previous archive that they make them from. */
import type { FileState } from '@gofr-backup/posix';
import type { ReadXattrs } from '../source/entry-xattrs.ts';
import type { EarlierParts } from './earlier-parts.ts';
import type { ProvedFrame } from './stored-frame.ts';

/** The frame of the previous archive that a frame of entries follows. `parts`: what they have in common. */
export type EarlierEntries = ProvedFrame & { parts?: EarlierParts };

export interface FrameResult {
  /** bytes in the slot; 0: what should have been copied or kept failed its check */
  length: number;
  rawLength: number;
  crc32: number;
  /**
   * hash: SHA-256 of the archive so far. Otherwise the frame's digest, then content hashes, 32 bytes each. They lie
   * in memory of their own: posting a view posts all of its memory, and small Buffers share a large pool.
   */
  proofs: Uint8Array;
  /** the slot holds bytes of the previous archive */
  copied: boolean;
  /** a file was changing all the while it was read */
  changed: boolean;
  /** build: one per entry to write */
  outcomes: EntryOutcome[];
  /** cut */
  ends?: number[];
  /** compare */
  same?: boolean[];
}

/**
 * How an entry was archived. `now`: its state when it was read, if that was not the state that the walk saw.
 * `failure`: an errno.
 */
export interface EntryOutcome extends ReadXattrs {
  headerLength: number;
  /** where in `proofs` the hash of its content is */
  hashAt?: number;
  now?: FileState;
  changed?: boolean;
  failure?: string;
}

/** The failure of a hard link whose target, in the same frame, could not be archived. */
export const ORPHANED = 'ORPHANED';

/** Of a job that made no frame. */
export const NOTHING = {
  ...{ length: 0, rawLength: 0, crc32: 0, proofs: new Uint8Array(0) },
  ...{ copied: false, changed: false, outcomes: [] },
};
