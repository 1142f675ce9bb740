import { expect, test } from 'vitest';
import { backupAt } from '../retention/testing.ts';
import { listingLines } from './listing-lines.ts';

const NOW = Date.parse('2025-12-13T12:00:00Z');

test('the listing has the contract’s shape', () => {
  const entries = [
    backupAt('2025-12-13T02:00:00Z', { size_bytes: 16_064_184 }),
    backupAt('2025-12-12T02:00:00Z', { size_bytes: 1_048_576, status: 'corrupt', verified: false }),
    backupAt('2025-12-01T02:00:00Z', { tier: 'monthly', size_bytes: 5_243 }),
  ];
  expect(listingLines(entries, NOW, 'UTC').join('\n')).toBe(`DAILY BACKUPS (2):
--------------------------------------------------------------------------------
  gofr-plot_daily_20251213_020000.tar.gz
    Size: 15.32 MB | Age: 0 days | Verified: ✓
    Created: 2025-12-13 02:00:00

  gofr-plot_daily_20251212_020000.tar.gz
    Size: 1.00 MB | Age: 1 days | Verified: ✗
    Created: 2025-12-12 02:00:00

MONTHLY BACKUPS (1):
--------------------------------------------------------------------------------
  gofr-plot_monthly_20251201_020000.tar.gz
    Size: 0.01 MB | Age: 12 days | Verified: ✓
    Created: 2025-12-01 02:00:00

SUMMARY:
--------------------------------------------------------------------------------
Total Backups: 3
Total Size: 16.32 MB
Oldest: 2025-12-01T02:00:00
Newest: 2025-12-13T02:00:00`);
});

test('none is said in so many words', () => {
  expect(listingLines([], NOW, 'UTC')).toEqual(['No backups found']);
});

test('times are those on the wall where the backup was made, ages those that passed', () => {
  const { created_at: _unknown, ...old } = backupAt('2025-12-12T12:30:00Z', { timezone: 'Asia/Tokyo' });
  expect(listingLines([old], NOW, 'Asia/Tokyo').join('\n')).toContain('Age: 0 days');
  expect(listingLines([old], NOW, 'Asia/Tokyo')).toContain('    Created: 2025-12-12 21:30:00');
  expect(listingLines([backupAt('2026-01-01T00:00:00Z')], NOW, 'UTC').join('\n')).toContain('Age: 0 days');
});
