/**
 * The compressed runs of a frame of the previous archive. Where a file of a frame changed, the runs of the others are the
 * same: those are taken over, which takes a fifth of the time of compressing them. Nothing is believed of the previous
 * archive: a run is what it decodes to here, without a look at what is before it.
 */
import { readFully } from '@gofr-backup/posix';
import { gzipPieces } from './gzip-member.ts';
import { type StreamPiece, inflateRoom } from './inflate-run.ts';

/** Where a frame lies in the previous archive. */
export interface EarlierFrame {
  archiveFd: number;
  offset: number;
  length: number;
  rawLength: number;
}

export class EarlierRuns {
  #byLength = new Map<number, StreamPiece[]>();

  /** In the decoder's memory: of use until that is taken again. None when the frame cannot be read, or decoded. */
  static read(frame: EarlierFrame): EarlierRuns {
    try {
      return new EarlierRuns(piecesOf(frame));
    } catch {
      return new EarlierRuns([]); // the disk fails there, or memory is short: it is compressed again
    }
  }

  private constructor(pieces: readonly StreamPiece[]) {
    for (const piece of pieces) {
      const { length } = piece.raw;
      // one that is longer than its bytes might not fit where they belong
      if (piece.stored.length > length) continue;
      const alike = this.#byLength.get(length);
      if (alike === undefined) this.#byLength.set(length, [piece]);
      else alike.push(piece);
    }
  }

  /** What `run` was compressed to: whole bytes that refer to nothing before them, and no last block. */
  find(run: Buffer): Buffer | undefined {
    return this.#byLength.get(run.length)?.find(({ raw }) => raw.equals(run))?.stored;
  }
}

function piecesOf({ archiveFd, offset, length, rawLength }: EarlierFrame): StreamPiece[] {
  const room = inflateRoom(length, rawLength);
  return readFully(archiveFd, room, 0, length, offset) === length ? gzipPieces(room, rawLength) : [];
}
