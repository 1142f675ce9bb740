import { expect, test } from 'vitest';
import fc from 'fast-check';
import { type ArchiveEntry, DAY, HOUR } from '@gofr-backup/model';
import { backupAt } from '../visitor.fixture.ts';
import { forecast } from '@gofr-backup/core';
import { growth } from './growth.ts';
import { joinTwins, matching, pageOf } from './listing.ts';
import { momentsOfAll } from './moments.ts';
import { madeAt } from '@gofr-backup/core';
import { dueRuns, longestGap, missedRuns } from './schedule.ts';
import { survey } from '@gofr-backup/core';
import { timeline } from './timeline.ts';
import { decodeBytePath, directoryOf, encodeBytePath } from './tree.ts';

const NOW = Date.parse('2025-12-13T08:00:00Z');
const nightly = { pattern: '0 2 * * *', timezone: 'Europe/Berlin', enabled: true };
const nights = (count: number, more = {}) =>
  Array.from({ length: count }, (_, i) => backupAt(new Date(NOW - 6 * HOUR - i * DAY).toISOString(), more));
const surveyOf = (entries: Parameters<typeof survey>[0]) =>
  survey(entries, { timezone: 'UTC', now: NOW, unverifiedIsGood: false });

test('a time without an offset is read in the zone it was written in, also around a clock change', () => {
  const { created_at: _, timezone: __, ...entry } = backupAt('2025-07-01T02:00:00Z');
  expect(madeAt(entry, 'Europe/Berlin')).toBe(Date.parse('2025-07-01T00:00:00Z'));
  const winter = { ...entry, timestamp: '2025-10-26T03:30:00.123456' };
  expect(madeAt(winter, 'Europe/Berlin')).toBe(Date.parse('2025-10-26T02:30:00Z'));
  expect(madeAt({ ...entry, timestamp: 'nonsense' }, 'UTC')).toBeNaN();
});

test('the longest gap and the due runs follow the schedule of its zone', () => {
  expect(longestGap({ ...nightly, pattern: '0 2 * * 1-5' }, NOW)).toBe(3 * DAY);
  expect(dueRuns(nightly, NOW - 3 * DAY, NOW)).toHaveLength(3);
  expect(dueRuns({ ...nightly, pattern: '* * * * *' }, 0, NOW)).toHaveLength(2000);
});

test('property: a run is missed exactly when no backup lies between it and the next', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { maxLength: 30 }), (skipped) => {
      const due = Array.from({ length: 30 }, (_, i) => NOW - (30 - i) * DAY);
      const made = due.filter((_, i) => !skipped.includes(i)).map((at) => at + 60_000);
      const first = Math.min(...made);
      const expected = due.filter((at, i) => skipped.includes(i) && at > first);
      expect(missedRuns(due, made, NOW, 2 * HOUR)).toEqual(expected);
    }),
  );
});

test('a run that may still be under way is not missed', () => {
  expect(missedRuns([NOW - DAY, NOW - HOUR], [NOW - DAY + 1], NOW, 2 * HOUR)).toEqual([]);
});

test('the timeline shows a day by its worst backup, and days without one', () => {
  const entries = [...nights(5), backupAt('2025-12-12T10:00:00Z', { status: 'corrupt', verified: false })];
  const made = timeline(surveyOf(entries).all, [NOW - 10 * DAY], NOW, 'UTC', 365);
  const daily = made.lanes[0]?.marks ?? [];
  expect(daily.map(({ kind }) => kind)).toEqual(['missed', 'good', 'good', 'good', 'corrupt', 'good']);
  expect(daily.at(-1)?.day).toBe(364);
  expect(daily.at(-2)).toMatchObject({ count: 2, filename: entries.at(-1)?.filename });
  expect(made.months.length).toBeGreaterThanOrEqual(11);
  expect(made.summary).toContain('daily: 1 missed, 4 good');
});

test('names of one archive are one row, that of the daily one', () => {
  const sha256 = 'a'.repeat(64);
  const [daily, weekly] = (['daily', 'weekly'] as const).map((tier) =>
    backupAt('2025-12-07T02:00:00Z', { tier, sha256, filename: `gofr-plot_${tier}_20251207_020000.tar.gz` }),
  );
  const other = backupAt('2025-12-06T02:00:00Z', { sha256 });
  const { all } = surveyOf([weekly!, daily!, other]);
  const rows = joinTwins(all);
  expect(momentsOfAll({ all, timezone: 'UTC', now: NOW }).map(({ backup }) => backup)).toEqual([
    daily!.filename,
    other.filename,
  ]);
  expect(rows.map(({ dated, twins }) => [dated.entry.tier, twins.length])).toEqual([
    ['daily', 1],
    ['daily', 0],
  ]);
});

test('ten thousand backups give no more marks, points and rows than a page can show', () => {
  const entries = Array.from({ length: 10_000 }, (_, i) => backupAt(new Date(NOW - i * HOUR).toISOString()));
  const { all } = surveyOf(entries);
  const marks = timeline(all, [], NOW, 'UTC', 365).lanes.flatMap((lane) => lane.marks);
  expect(marks.length).toBeLessThanOrEqual(366);
  expect(growth(all, NOW, 'UTC', 365).points).toHaveLength(400);
  expect(growth(all, NOW, 'UTC', 90).points.every(({ place }) => place >= 0 && place <= 1)).toBe(true);
  expect(pageOf(all, 999)).toMatchObject({ page: 200, pages: 200, total: 10_000 });
  expect(pageOf(all, Number.NaN).rows).toHaveLength(50);
});

test('the disk is full when what is written no longer fits; steady archives under retention never fill it', () => {
  const disk = { total: 1000, free: 300 };
  const young = surveyOf(nights(10, { size_bytes: 10 })).all;
  expect(forecast(disk, young, NOW, 30).daysLeft).toBeCloseTo(300 / (100 / ((9 * DAY + 6 * HOUR) / DAY)), 5);
  const steady = surveyOf(nights(60, { size_bytes: 10 })).all;
  expect(forecast(disk, steady, NOW, 30).daysLeft).toBeUndefined();
  expect(forecast(disk, young.slice(0, 2), NOW, 30)).toEqual({ usedShare: 0.7 });
});

test('the filter matches tier, status and part of the name or date', () => {
  const { all } = surveyOf([...nights(3), backupAt('2025-11-01T02:00:00Z', { tier: 'monthly' })]);
  expect(matching(all, { tier: 'monthly' })).toHaveLength(1);
  expect(matching(all, { text: '2025-12-1' })).toHaveLength(3);
  expect(matching(all, { text: 'MONTHLY' })).toHaveLength(1);
  expect(matching(all, { status: 'corrupt' })).toHaveLength(0);
});

test('property: every byte path survives an address', () => {
  const step = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)),
    minLength: 1,
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const path = steps.map((one) => one.replaceAll('/', '_')).join('/');
      fc.pre(!path.split('/').some((one) => one === '.' || one === '..'));
      const encoded = encodeBytePath(path);
      expect(encoded).toMatch(/^[A-Za-z0-9._/%-]*$/);
      expect(decodeBytePath(encoded)).toBe(path);
    }),
  );
});

test('a path that climbs, is absolute or has a NUL is none', () => {
  for (const path of ['../etc/passwd', 'a/../b', '/etc', 'a//b', '%2e%2e/x', 'a%00b', '%zz', 'a/.', 'ä']) {
    expect(decodeBytePath(path)).toBeUndefined();
  }
});

test('a directory lists its children, with what lies below them summed up', async () => {
  async function* entries(): AsyncGenerator<ArchiveEntry> {
    const file = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n } as const;
    yield { ...file, path: 'data', type: 'directory', size: 0 };
    yield { ...file, path: 'data/storage/a', size: 3 };
    yield { ...file, path: 'data/storage/b/c', size: 4 };
    yield { ...file, path: 'data/z', size: 5 };
    yield { ...file, path: 'database', size: 6 };
  }
  const { rows } = await directoryOf(entries(), 'data');
  expect(rows.map(({ name, type, size, files }) => [name, type, size, files])).toEqual([
    ['storage', 'directory', 7, 2],
    ['z', 'file', 5, 1],
  ]);
  expect((await directoryOf(entries(), 'nowhere')).found).toBe(false);
});
