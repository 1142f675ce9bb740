import { expect, test } from 'vitest';
import { maxAgeOf } from './freshness.ts';

const at = Date.parse('2026-03-03T12:00:00Z');
const hours = (schedule: string, maxAgeHours?: number) =>
  maxAgeOf({ schedule, timezone: 'Europe/Berlin', maxAgeHours }, at) / 3_600_000;

test.each([
  ['0 2 * * *', 26],
  ['0 */6 * * *', 8],
  // from Friday to Monday
  ['0 2 * * 1-5', 74],
])('%s: the longest gap and two hours', (schedule, expected) => {
  expect(hours(schedule)).toBe(expected);
});

test('a clock change makes one gap an hour longer, a setting wins', () => {
  expect(
    maxAgeOf(
      { schedule: '0 12 * * *', timezone: 'Europe/Berlin', maxAgeHours: undefined },
      Date.parse('2026-10-20T00:00:00Z'),
    ),
  ).toBe(27 * 3_600_000);
  expect(hours('0 2 * * *', 5)).toBe(5);
});
