import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columns, count, countdown, localTime, size, span, took } from './format.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KB'],
  [1_048_576, '1.00 MB'],
  [16_064_184, '15.32 MB'],
  [5 * 2 ** 40, '5.00 TB'],
  [5000 * 2 ** 40, '5000.0 TB'],
])('%d bytes are %s', (bytes, text) => expect(size(bytes)).toBe(text));

test('a size is never off by more than its last digit', () => {
  const units = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
      const [number, unit] = size(bytes).split(' ') as [string, keyof typeof units];
      expect(Math.abs(Number(number) * units[unit] - bytes)).toBeLessThanOrEqual(units[unit] * 0.051);
    }),
  );
});

test('times', () => {
  expect([took(12), took(2345), took(252_000), took(11_100_000)]).toEqual([
    '12 ms',
    '2.3 s',
    '4 min 12 s',
    '3 h 5 min',
  ]);
  expect([countdown(5), countdown(65), countdown(3725), countdown(-1)]).toEqual([
    '0:05',
    '1:05',
    '1:02:05',
    '0:00',
  ]);
  expect([span(1), span(60_000), span(47 * 3_600_000), span(5 * 86_400_000)]).toEqual([
    ...['less than a minute', '1 minute', '47 hours', '5 days'],
  ]);
  expect(localTime(Date.UTC(2025, 11, 13, 1), 'Europe/Berlin')).toBe('2025-12-13 02:00:00');
});

test('counts and columns', () => {
  expect([count(1, 'file'), count(1234, 'file'), count(2, 'entry', 'entries')]).toEqual([
    '1 file',
    '1,234 files',
    '2 entries',
  ]);
  expect(
    columns([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'cc'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b   cc']);
});
