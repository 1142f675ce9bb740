/** Seed after seed until it is ended; how far it has come lies in shared memory, for it may never come back. */
import { parentPort, workerData } from 'node:worker_threads';
import { fuzzRound } from './fuzz-round.ts';

/** What the numbers in the shared memory are. */
export const [SEED, PASSED, BYTES, LEFT_TO_ZLIB] = [0, 1, 2, 3];

interface Setup {
  first: number;
  rounds: number;
  state: Float64Array;
}

function run({ first, rounds, state }: Setup): void {
  for (let n = 0; n < rounds; n++) {
    state[SEED!] = first + n;
    try {
      const { bytes, leftToZlib } = fuzzRound(first + n);
      state[BYTES!]! += bytes;
      state[LEFT_TO_ZLIB!]! += leftToZlib;
      state[PASSED!]!++;
    } catch (cause) {
      parentPort!.postMessage({ seed: first + n, complaint: String(cause) });
    }
  }
}

if (parentPort !== null) run(workerData as Setup);
