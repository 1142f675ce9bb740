/**
 * The compressed segments of a frame of the previous archive. When one file of a frame changed, the segments of the
 * other files are the same. They are copied, which takes a fifth of the time of compressing them. Nothing in the
 * previous archive is trusted: a segment counts only for the bytes that it decodes to here, by itself.
 */
import { readFully } from '@gofr-backup/posix';
import { gzipPieces } from './gzip-member.ts';
import { type StreamPiece, inflateRoom } from './inflate-segment.ts';

/** Where a frame lies in the previous archive. */
export interface EarlierFrame {
  archiveFd: number;
  offset: number;
  length: number;
  rawLength: number;
}

export class EarlierSegments {
  #byLength = new Map<number, StreamPiece[]>();

  /**
   * The segments lie in the decoder's memory and are valid until that memory is used again. There are none when the
   * frame cannot be read or decoded.
   */
  static read(frame: EarlierFrame): EarlierSegments {
    try {
      return new EarlierSegments(piecesOf(frame));
    } catch {
      // The disk fails there, or memory is short. The frame is compressed again.
      return new EarlierSegments([]);
    }
  }

  private constructor(pieces: readonly StreamPiece[]) {
    for (const piece of pieces) {
      const { length } = piece.raw;
      // A segment that is longer than its raw bytes might not fit into the target.
      if (piece.stored.length > length) continue;
      const alike = this.#byLength.get(length);
      if (alike === undefined) this.#byLength.set(length, [piece]);
      else alike.push(piece);
    }
  }

  /** The compressed form of `segment`: whole bytes, without a last block and without references to earlier bytes. */
  find(segment: Buffer): Buffer | undefined {
    return this.#byLength.get(segment.length)?.find(({ raw }) => raw.equals(segment))?.stored;
  }
}

function piecesOf({ archiveFd, offset, length, rawLength }: EarlierFrame): StreamPiece[] {
  const room = inflateRoom(length, rawLength);
  return readFully(archiveFd, room, 0, length, offset) === length ? gzipPieces(room, rawLength) : [];
}
