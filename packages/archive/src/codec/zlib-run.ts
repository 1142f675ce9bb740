/** Deflate by Node's zlib, for those who set ENGINE_CODEC=zlib; as deflateRun, it leaves a stream that can go on. */
import { constants, deflateRawSync } from 'node:zlib';
import { moveOutput, onePiece } from './zlib-output.ts';

export function zlibRun(target: Buffer, at: number, segment: Uint8Array, level: number): number {
  if (segment.length === 0) return at;
  const bound = segment.length + (segment.length >> 8) + 64;
  const output = deflateRawSync(segment, {
    level,
    finishFlush: constants.Z_SYNC_FLUSH,
    chunkSize: onePiece(bound),
  });
  return moveOutput(output, target, at);
}
