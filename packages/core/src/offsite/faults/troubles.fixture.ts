/** What befalls the calls of one operation. */
import type { Fault, Verb } from '@gofr-backup/store/testing';
import type { Dice } from './dice.fixture.ts';

export interface Trouble {
  words: string;
  /** for each call, in order */
  at(verb: Verb, name: string): Fault | undefined;
  /** it has happened */
  happened: boolean;
  /** a listed or stored object is other than the store says */
  lies: boolean;
}

/** Most operations have so many calls. */
const CALLS = 70;
const NEVER_MADE: Fault = { kind: 'error', problem: 'unreachable' };

type Make = (dice: Dice, onKill: () => void) => Omit<Trouble, 'happened' | 'lies'> & { lies?: boolean };

const TROUBLES: Record<string, Make> = { killed, glitch, away, full, readOnly, noDelete, lie };
export const KINDS = Object.keys(TROUBLES);

/** `onKill` is called at the moment of a kill: nothing that the host does afterwards counts. */
export function drawTrouble(dice: Dice, onKill: () => void): Trouble {
  // every call of an operation is as likely to be the one, and a kill is what happens most
  const made = TROUBLES[dice.maybe(0.4) ? 'killed' : dice.pick(KINDS)]!(dice, onKill);
  const trouble: Trouble = {
    ...{ words: made.words, happened: false, lies: made.lies ?? false },
    at(verb, name) {
      const fault = made.at(verb, name);
      trouble.happened ||= fault !== undefined;
      return fault;
    },
  };
  return trouble;
}

function killed(dice: Dice, onKill: () => void): ReturnType<Make> {
  const kind = dice.pick(['error', 'half', 'lost'] as const);
  const at = dice.below(CALLS);
  let calls = 0;
  return {
    words: `killed at call ${at}, ${kind}`,
    at() {
      if (calls++ < at) return undefined;
      if (calls > at + 1) return NEVER_MADE;
      onKill();
      return { kind };
    },
  };
}

function glitch(dice: Dice): ReturnType<Make> {
  const kind = dice.pick(['error', 'half', 'lost'] as const);
  const at = dice.below(CALLS);
  let calls = 0;
  return { words: `call ${at} fails, ${kind}`, at: () => (calls++ === at ? { kind } : undefined) };
}

function lie(dice: Dice): ReturnType<Make> {
  const at = dice.below(CALLS);
  let calls = 0;
  return { words: `call ${at} lies`, lies: true, at: () => (calls++ === at ? { kind: 'lie' } : undefined) };
}

function away(dice: Dice): ReturnType<Make> {
  const from = dice.below(CALLS);
  let calls = 0;
  return { words: `away from call ${from} on`, at: () => (calls++ >= from ? NEVER_MADE : undefined) };
}

const refusing =
  (words: string, problem: 'full' | 'forbidden', verbs: readonly Verb[]): Make =>
  (dice) => {
    const from = dice.below(2) * dice.below(CALLS);
    let calls = 0;
    return {
      words: `${words} from call ${from} on`,
      at: (verb) => (calls++ >= from && verbs.includes(verb) ? { kind: 'error', problem } : undefined),
    };
  };
function full(...asked: Parameters<Make>): ReturnType<Make> {
  return refusing('full', 'full', ['put'])(...asked);
}
function readOnly(...asked: Parameters<Make>): ReturnType<Make> {
  return refusing('read-only', 'forbidden', ['put', 'remove'])(...asked);
}
function noDelete(...asked: Parameters<Make>): ReturnType<Make> {
  return refusing('403 on delete', 'forbidden', ['remove'])(...asked);
}
