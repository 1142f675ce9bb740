import { expect, test } from 'vitest';
import { bytesOf, mutated, randomOf } from './fuzz-bytes.ts';
import { fuzzRound } from './fuzz-round.ts';

test('a seed always stands for the same bytes, and its neighbour for others', () => {
  const bytes = [7, 7, 8].map((seed) => bytesOf(randomOf(seed)));
  expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
  expect(bytes[0]!.equals(bytes[2]!)).toBe(false);
});

test('a mutation is near the original, and another', () => {
  const original = Buffer.from('a stream of some bytes, none of which is meant');
  const lengths = Array.from({ length: 50 }, (_, seed) => mutated(randomOf(seed), original).length);
  expect(new Set(lengths).size).toBeGreaterThan(5);
});

test('thirty seeds hold', () => {
  for (let seed = 0; seed < 30; seed++) expect(fuzzRound(seed).bytes).toBeGreaterThanOrEqual(0);
});
