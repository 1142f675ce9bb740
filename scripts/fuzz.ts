/**
 * The private deflate and inflate against Node's zlib: `npm run fuzz -- SECONDS [SEED]`. Every round is one seed; a round
 * that failed is repeated by its seed alone, `npm run fuzz -- 0 SEED`.
 */
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { seedFrom } from '@gofr-backup/testing';
import { BYTES, LEFT_TO_ZLIB, PASSED, SEED } from './fuzz-worker.ts';

const [seconds = 20, seed] = process.argv.slice(2).map(Number);
const first = seed ?? seedFrom('FUZZ_SEED');
/** So long without the end of a round is a loop, not a slow machine. */
const HANGS_MS = 60_000;
const TOLD_EVERY_MS = 60_000;
const MOST_FAILURES = 20;

const state = new Float64Array(new SharedArrayBuffer(8 * 4));
const failures: string[] = [];
const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
  workerData: { first, rounds: seconds === 0 ? 1 : Infinity, state },
});
const fail = (at: number, complaint: string): void => {
  failures.push(`seed ${at}: ${complaint}`);
  console.error(failures.at(-1));
};
let ended = false;
worker.on('message', ({ seed: at, complaint }: { seed: number; complaint: string }) => fail(at, complaint));
worker.on('error', (cause) => fail(state[SEED!]!, String(cause)));
worker.on('exit', () => (ended = true));

const began = performance.now();
let told = began;
let moved = { seed: 0, at: began };
while (
  !ended &&
  failures.length < MOST_FAILURES &&
  (seconds === 0 || performance.now() - began < seconds * 1000)
) {
  await setTimeout(100);
  const now = performance.now();
  if (state[SEED!] !== moved.seed) moved = { seed: state[SEED!]!, at: now };
  if (now - moved.at > HANGS_MS) {
    fail(state[SEED!]!, `no end after ${HANGS_MS / 1000} s`);
    break;
  }
  if (now - told > TOLD_EVERY_MS) {
    console.log(progress());
    told = now;
  }
}
await worker.terminate();
console.log(progress());
console.log(`${state[PASSED!]} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 || state[PASSED!] === 0 ? 1 : 0;

function progress(): string {
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  const megabytes = Math.round(state[BYTES!]! / 1e6).toLocaleString('en');
  return (
    `fuzz: ${minutes} minutes, ${state[PASSED!]!.toLocaleString('en')} rounds from seed ${first}, ${megabytes} MB; ` +
    `${state[LEFT_TO_ZLIB!]} unusual streams left to zlib`
  );
}
