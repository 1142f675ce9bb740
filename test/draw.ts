/** Repeatable chance, as questions. */
import { chance } from '../scripts/sample/chance.ts';

export interface Draw {
  below(count: number): number;
  maybe(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export function drawFrom(seed: number): Draw {
  const next = chance(seed);
  const below = (count: number): number => Math.floor(next() * count);
  return {
    below,
    maybe: (probability) => next() < probability,
    pick: (list) => list[below(list.length)]!,
  };
}

/** One of `choices`, each as often as its weight says. */
export function weighted<T>(draw: Draw, choices: readonly (readonly [weight: number, choice: T])[]): T {
  const whole = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = draw.below(whole);
  return choices.find(([weight]) => (left -= weight) < 0)![1];
}
