import { expect, test } from 'vitest';
import { lastTimeOf, maxAgeOf } from './freshness.ts';

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

test('the last time that a pattern names, by the clock of its zone', () => {
  const last = (now: string, timezone = 'UTC') =>
    new Date(lastTimeOf('0 8 * * 1', timezone, Date.parse(now))).toISOString();
  expect(last('2026-03-03T12:00:00Z')).toBe('2026-03-02T08:00:00.000Z');
  expect(last('2026-03-02T08:00:00.001Z')).toBe('2026-03-02T08:00:00.000Z');
  expect(last('2026-03-02T07:59:00Z')).toBe('2026-02-23T08:00:00.000Z');
  // summer time began in the night before
  expect(last('2026-03-30T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T06:00:00.000Z');
});
