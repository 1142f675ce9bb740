/**
 * Slows down guessing, and locks nobody out. Every guess is judged, but one of a network that has failed before waits
 * first, longer each time; of the guesses that have waited, the one of the network that failed least is judged next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@gofr-backup/model';
import { countFailures } from './failures.ts';
import { networkOf } from './network.ts';

const FREE_TRIES = 5;
const FIRST_WAIT = 1000;
export const LONGEST_WAIT = 16_000;
/** guesses of one network that wait at a time */
const MOST_A_NETWORK = 10;
/** of all networks; beyond, the one that failed most is sent away */
const MOST_WAITING = 500;
/** Judging a password takes a thread of four and 32 MB for a moment. */
const JUDGED_AT_ONCE = 2;

/** `crowded`: not judged, because too many guesses of its network wait already */
export type Verdict = 'right' | 'wrong' | 'crowded';

export interface Guesses {
  judge(address: string, check: () => Promise<boolean>, signal?: AbortSignal): Promise<Verdict>;
}

interface Waiting {
  network: string;
  failures: number;
  hasWaited: boolean;
  /** true: may be judged; false: is sent away */
  turn: PromiseWithResolvers<boolean>;
}

export function createGuesses(clock: Clock, pause: (ms: number) => Promise<unknown> = idle): Guesses {
  const failures = countFailures(clock);
  const waiting = new Set<Waiting>();
  let judging = 0;

  function leave(one: Waiting, mayBeJudged: boolean): void {
    if (waiting.delete(one)) one.turn.resolve(mayBeJudged);
  }
  function admit(): void {
    while (judging < JUDGED_AT_ONCE) {
      const next = least([...waiting].filter(({ hasWaited }) => hasWaited));
      if (!next) return;
      judging++;
      leave(next, true);
    }
  }
  function lineUp(network: string): Waiting | undefined {
    // A guess is counted before it is judged, so that a hundred guesses at once count as a hundred.
    const before = failures.add(network);
    const ofNetwork = [...waiting].filter((one) => one.network === network);
    if (ofNetwork.length >= MOST_A_NETWORK) return undefined;
    const one = { network, failures: before, hasWaited: false, turn: Promise.withResolvers<boolean>() };
    waiting.add(one);
    if (waiting.size > MOST_WAITING) leave(most([...waiting])!, false);
    return one;
  }
  async function wait(one: Waiting): Promise<void> {
    const ms = waitAfter(one.failures);
    if (ms > 0) await pause(ms);
    one.hasWaited = true;
    admit();
  }

  return {
    async judge(address, check, signal) {
      const network = networkOf(address);
      const one = lineUp(network);
      if (!one) return 'crowded';
      signal?.addEventListener('abort', () => leave(one, false), { once: true });
      void wait(one);
      if (!(await one.turn.promise)) return 'crowded';
      try {
        const isRight = await check();
        if (isRight) failures.forget(network);
        return isRight ? 'right' : 'wrong';
      } finally {
        judging--;
        admit();
      }
    },
  };
}

/** milliseconds, after so many failures */
export const waitAfter = (failures: number): number =>
  failures < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - FREE_TRIES));

const idle = (ms: number) => sleep(ms, undefined, { ref: false });

/** Among equals the newest: in a flood a line from its front would make everybody wait for all that was flooded in. */
const least = (guesses: readonly Waiting[]) =>
  guesses.toReversed().toSorted((a, b) => a.failures - b.failures)[0];
const most = (guesses: readonly Waiting[]) => guesses.toSorted((a, b) => b.failures - a.failures)[0];
