import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COMPRESSIONS, TIERS } from '@gofr-backup/model';
import { formatName, instantOf, parseName, timestampAt } from './names.ts';

const names = fc.record({
  prefix: fc.constantFrom('gofr-plot', 'gofr', 'a_daily_b', 'x_20250101_000000', 'ü'),
  tier: fc.constantFrom(...TIERS),
  at: fc.integer({ min: 0, max: 4e12 }),
  nth: fc.integer({ min: 1, max: 99_999 }),
  compression: fc.constantFrom(...COMPRESSIONS),
});

test('every name parses back to what it was made from', () => {
  fc.assert(
    fc.property(names, ({ at, ...rest }) => {
      const name = { ...rest, timestamp: timestampAt(at, 'Europe/Berlin') };
      expect(parseName(formatName(name))).toEqual(name);
    }),
  );
});

test('first-generation names are read', () => {
  expect(parseName('gofr-plot_daily_20251213_020000.tar.gz')).toEqual({
    prefix: 'gofr-plot',
    tier: 'daily',
    timestamp: '2025-12-13T02:00:00',
    nth: 1,
    compression: 'gzip',
  });
  expect(parseName('gofr_monthly_20240229_235959.tar')?.compression).toBe('none');
});

test.each([
  'gofr-plot_daily_20250230_020000.tar.gz',
  'gofr-plot_daily_20251213_250000.tar.gz',
  'gofr-plot_yearly_20251213_020000.tar.gz',
  'gofr-plot_daily_20251213_020000.zip',
  'gofr-plot_daily_20251213_020000_0.tar.gz',
  'gofr-plot_daily_20251213_020000.tar.gz.sha256',
  '../gofr_daily_20251213_020000.tar.gz',
  '.tmp-0123456789ab-notes.txt',
  '\u001B]0;title\u0007_daily_20251213_020000.tar.gz',
  'gofr\nplot_daily_20251213_020000.tar.gz',
])('%s is nobody’s archive', (filename) => {
  expect(parseName(filename)).toBeUndefined();
});

describe('the repeated hour', () => {
  const first = Date.parse('2025-10-26T00:30:00Z');
  const second = Date.parse('2025-10-26T01:30:00Z');

  test('gives both instants one local time', () => {
    expect(timestampAt(first, 'Europe/Berlin')).toBe(timestampAt(second, 'Europe/Berlin'));
  });
  test('is told apart by when the file was written', () => {
    const local = '2025-10-26T02:30:00';
    expect(instantOf(local, 'Europe/Berlin')).toBe(first);
    expect(instantOf(local, 'Europe/Berlin', first + 90_000)).toBe(first);
    expect(instantOf(local, 'Europe/Berlin', second + 90_000)).toBe(second);
  });
});
