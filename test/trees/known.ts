/** Faults that are known and not mended yet. Whoever mends one takes its lines away. */
import type { Fault } from './faults.ts';
import type { Scene } from './scene.ts';

interface Known {
  words: string;
  isIt(fault: Fault, scene: Scene): boolean;
}

export const KNOWN: Known[] = [];

/** Those that are known, by their words, apart from the others. */
export function sorted(scene: Scene, faults: Fault[]): { faults: Fault[]; known: string[] } {
  const reasons = faults.map((fault) => KNOWN.find(({ isIt }) => isIt(fault, scene))?.words);
  return {
    faults: faults.filter((_, n) => reasons[n] === undefined),
    known: reasons.filter((reason) => reason !== undefined),
  };
}
