import { expect, test } from 'vitest';
import { anomalyHold } from './anomaly.ts';
import { backupAt, policyWith } from './testing.ts';

const NOW = Date.parse('2025-12-13T03:00:00Z');
const history = (...runs: { files?: number; source_bytes?: number; trigger?: 'pre-restore' }[]) =>
  runs.map((run, age) => backupAt(NOW - age * 86_400_000, run));
const usual = Array.from({ length: 7 }, () => ({}));

test.each([
  ['half the bytes', { source_bytes: 5000 }, '5000 bytes'],
  ['half the files', { files: 50 }, '50 files'],
  ['nothing at all', { files: 0, source_bytes: 0 }, '0 bytes'],
])('%s hold', (_what, newest, told) => {
  expect(anomalyHold(history(newest, ...usual), policyWith(), NOW)).toContain(told);
});

test.each([
  ['a little less', [{ source_bytes: 5001, files: 51 }, ...usual]],
  ['more', [{ source_bytes: 90_000 }, ...usual]],
  ['a first backup', [{}]],
  ['no backup', []],
  [
    'four small ones: that is what it is now',
    [{ files: 9 }, { files: 9 }, { files: 9 }, { files: 9 }, { files: 9 }, {}, {}, {}, {}],
  ],
  ['a safety backup of the damage', [{ files: 1, trigger: 'pre-restore' as const }, ...usual]],
])('%s: no hold', (_what, runs) => {
  expect(anomalyHold(history(...runs), policyWith(), NOW)).toBeUndefined();
});

test('zero percent is never', () => {
  expect(
    anomalyHold(history({ files: 0 }, ...usual), policyWith({ anomalyPercent: 0 }), NOW),
  ).toBeUndefined();
});

test('promoted copies are one run, and what the first generation did not record is no measure', () => {
  const [newest] = history({ files: 50 });
  const copies = (['weekly', 'monthly'] as const).map((tier) => backupAt(NOW, { tier, files: 50 }));
  const before = history(...usual).map((entry, age) => backupAt(NOW - (age + 1) * 86_400_000, entry));
  expect(
    anomalyHold(
      [newest, ...copies, ...before].filter((entry) => entry !== undefined),
      policyWith(),
      NOW,
    ),
  ).toContain('50 files');
  const { files: _files, source_bytes: _bytes, ...old } = backupAt(NOW - 86_400_000);
  expect(anomalyHold([backupAt(NOW, { files: 1 }), old], policyWith(), NOW)).toBeUndefined();
});
