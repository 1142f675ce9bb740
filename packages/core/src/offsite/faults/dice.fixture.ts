/** Repeatable chance: the same for the same seed. */
import { createHash } from 'node:crypto';

export interface Dice {
  below(count: number): number;
  maybe(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export function dice(seed: number): Dice {
  let state = createHash('sha256').update(`seed ${seed}`).digest();
  const below = (count: number): number => {
    state = createHash('sha256').update(state).digest();
    return state.readUInt32LE(0) % count;
  };
  return {
    below,
    maybe: (probability) => below(1000) < probability * 1000,
    pick: (list) => list[below(list.length)]!,
  };
}
