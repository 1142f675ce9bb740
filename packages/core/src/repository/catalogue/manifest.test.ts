import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogueEntry } from '@gofr-backup/model';
import { formatManifest, parseManifest } from './manifest.ts';

const entry: CatalogueEntry = {
  filename: 'gofr-plot_daily_20251213_020000.tar.gz',
  filepath: '/backups/daily/gofr-plot_daily_20251213_020000.tar.gz',
  tier: 'daily',
  timestamp: '2025-12-13T02:00:00',
  size_bytes: 16_064_000,
  verified: true,
  status: 'good',
  created_at: '2025-12-13T02:00:00.000Z',
  timezone: 'UTC',
  sha256: 'a'.repeat(64),
  compression: 'gzip',
  trigger: 'schedule',
  components: ['storage', 'auth'],
  files: 12,
  warnings: [{ code: 'vanished', path: 'data/storage/x', message: 'gone' }],
};

test('a manifest reads back', () => {
  const { records, damage } = parseManifest(formatManifest('plot', '2025-12-13T02:00:01.000Z', [entry]));
  expect(damage).toBeUndefined();
  expect([...records.values()]).toEqual([entry]);
});

test('the first generation’s inner map is read; verified means good', () => {
  const { filename, filepath, tier, timestamp, size_bytes } = entry;
  const old = { filename, filepath, tier, timestamp: `${timestamp}.123456`, size_bytes };
  const other = 'gofr_weekly_20251207_020000.tar.gz';
  const content = JSON.stringify({
    [filename]: { ...old, verified: true },
    [other]: { ...old, filename: other, tier: 'weekly', timestamp, verified: false },
  });
  const { records, damage } = parseManifest(content);
  expect(damage).toBeUndefined();
  expect(records.get(filename)?.status).toBe('good');
  expect(records.get(other)?.status).toBe('unverified');
});

test.each([
  ['a name of another entry', { filename: 'gofr_daily_20251213_020000.tar.gz' }],
  ['another tier than its name', { tier: 'weekly' }],
  ['a negative size', { size_bytes: -1 }],
  ['a status nobody knows', { status: 'fine' }],
  ['a checksum that is none', { sha256: 'A' }],
  ['a warning that is none', { warnings: [7] }],
  ['a time that is none', { created_at: 'yesterday' }],
  ['a day that is none', { verified_at: '2025-13-40T00:00:00Z' }],
  ['a date without its time', { timestamp: '2025-12-13' }],
  ['a text without end', { timezone: 'x'.repeat(65_536) }],
  ['a count that is no whole number', { files: 1.5 }],
  ['a count past what a double holds', { source_bytes: 2 ** 53 }],
  ['a time taken that is negative', { verify_ms: -1 }],
  ['a field that is null', { status: null }],
  ['a name of a component that is none', { components: ['storage', 7] }],
  ['a trigger nobody knows', { trigger: 'moon' }],
])('an entry with %s is dropped, the others stay', (_what, wrong) => {
  const good = { ...entry, filename: 'gofr-plot_daily_20251214_020000.tar.gz' };
  const backups = { [entry.filename]: { ...entry, ...wrong }, [good.filename]: good };
  const { records, damage } = parseManifest(JSON.stringify({ version: 1, project: 'plot', backups }));
  expect(damage).toContain(entry.filename);
  expect([...records.keys()]).toEqual([good.filename]);
});

test('a text at its limit and a fraction of a millisecond are read; unknown fields are dropped', () => {
  const given = { ...entry, timezone: 'x'.repeat(65_535), duration_ms: 0.5, of_a_later_version: [1] };
  const warnings = [{ code: 'vanished', message: 'gone', of_a_later_version: 1 }];
  const backups = { [entry.filename]: { ...given, warnings } };
  const { records, damage } = parseManifest(JSON.stringify({ version: 1, project: 'plot', backups }));
  const { of_a_later_version: _dropped, ...kept } = given;
  expect(damage).toBeUndefined();
  expect(records.get(entry.filename)).toEqual({ ...kept, warnings: [{ code: 'vanished', message: 'gone' }] });
});

test('names from Object.prototype are no entries and no fields', () => {
  const content = '{"version":1,"backups":{"__proto__":{"status":"good"},"constructor":{}}}';
  expect(parseManifest(content).records.size).toBe(0);
});

test('no damage to its bytes is fatal, and nothing comes of it that is not an entry', () => {
  const whole = Buffer.from(formatManifest('plot', '2025-12-13T02:00:01.000Z', [entry]));
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, cut) => {
      const bytes = Buffer.from(cut ? whole.subarray(0, at) : whole);
      if (!cut) bytes[at] = (bytes[at] ?? 0) ^ flip;
      for (const [filename, read] of parseManifest(bytes.toString()).records) {
        expect(filename).toBe(read.filename);
        expect(['good', 'unverified', 'corrupt', 'incomplete']).toContain(read.status);
      }
    }),
  );
});
