import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DAY,
  formatCount,
  formatCountdown,
  formatDate,
  formatDuration,
  formatMinute,
  formatNear,
  formatNumber,
  formatRelative,
  formatSize,
  formatSpan,
  formatTime,
  formatTimestamp,
  HOUR,
  MINUTE,
  SECOND,
} from './format.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KB'],
  [1_048_576, '1.00 MB'],
  [16_064_184, '15.32 MB'],
  [314_572_800, '300.0 MB'],
  [5 * 2 ** 40, '5.00 TB'],
  [5000 * 2 ** 40, '4.88 PB'],
  [5000 * 2 ** 50, '5000.0 PB'],
  [-1_048_576, '-1.00 MB'],
])('%d bytes are %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

test('a size is never off by more than its last digit', () => {
  const units = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40, PB: 2 ** 50 };
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      const [number, unit] = formatSize(bytes).split(' ') as [string, keyof typeof units];
      expect(Math.abs(Number(number) * units[unit] - bytes)).toBeLessThanOrEqual(units[unit] * 0.051);
    }),
  );
});

test('a count agrees with its noun', () => {
  const files = [0, 1, 2, 1234].map((count) => formatCount(count, 'file'));
  expect(files).toEqual(['0 files', '1 file', '2 files', '1,234 files']);
  expect(formatCount(2, 'entry', 'entries')).toBe('2 entries');
  expect(formatNumber(1_234_567)).toBe('1,234,567');
});

test.each([
  [12, '12 ms'],
  [999.6, '1.0 s'],
  [2345, '2.3 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min'],
  [65_000, '1 min 5 s'],
  [252_000, '4 min 12 s'],
  [3_599_999, '1 h'],
  [11_100_000, '3 h 5 min'],
  [7_200_000, '2 h'],
])('%d ms took %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

test('what is left is counted down', () => {
  expect([5, 65, 725, 3725, 36_000, -1].map(formatCountdown)).toEqual([
    '0:05',
    '1:05',
    '12:05',
    '1:02:05',
    '10:00:00',
    '0:00',
  ]);
});

test('a length of time is one unit, rounded down', () => {
  expect([1, MINUTE, 47 * HOUR, 5 * DAY, 59 * DAY, 61 * DAY, 800 * DAY, NaN].map(formatSpan)).toEqual([
    ...['less than a minute', '1 minute', '47 hours', '5 days', '59 days', '2 months', '2 years'],
    'less than a minute',
  ]);
});

test('a distance says the span and its direction', () => {
  fc.assert(
    fc.property(fc.integer({ min: 45 * SECOND, max: 3000 * DAY }), (distance) => {
      expect(formatRelative(distance, 0)).toBe(`in ${formatSpan(distance)}`);
      expect(formatRelative(0, distance)).toBe(`${formatSpan(distance)} ago`);
    }),
  );
  expect([formatRelative(10, 0), formatRelative(0, 10)]).toEqual(['in a moment', 'just now']);
});

test('a date has one form', () => {
  const [at, zone] = [Date.UTC(2025, 11, 13, 1, 2, 3), 'Europe/Berlin'];
  expect(formatTime(at, zone)).toBe('2025-12-13 02:02:03');
  expect(formatMinute(at, zone)).toBe('2025-12-13 02:02');
  expect(formatDate(at, zone)).toBe('2025-12-13');
  expect(formatTimestamp('2025-12-13T02:02:03.123456')).toBe(formatTime(at, zone));
  const near = [-2, -1, 0, 1, 2].map((days) => formatNear(at + days * DAY, at, zone));
  expect(near).toEqual([
    '2025-12-11 02:02',
    'yesterday 02:02',
    'today 02:02',
    'tomorrow 02:02',
    '2025-12-15 02:02',
  ]);
});
