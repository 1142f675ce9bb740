/** Deflate by Node's zlib, for those who set ENGINE_CODEC=zlib; as deflateRun, it leaves a stream that can go on. */
import { constants, deflateRawSync } from 'node:zlib';
import { moveOutput, onePiece } from './zlib-output.ts';

export function zlibRun(target: Buffer, at: number, run: Uint8Array, level: number): number {
  if (run.length === 0) return at;
  const bound = run.length + (run.length >> 8) + 64;
  const output = deflateRawSync(run, {
    level,
    finishFlush: constants.Z_SYNC_FLUSH,
    chunkSize: onePiece(bound),
  });
  return moveOutput(output, target, at);
}
