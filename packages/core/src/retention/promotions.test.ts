import { expect, test } from 'vitest';
import { promotionsFor } from './promotions.ts';
import { backupAt, policyWith } from './testing.ts';

const sunday = backupAt('2025-12-07T02:00:00Z');

test('the first good backup of its week and month goes into both', () => {
  expect(promotionsFor(sunday, [sunday], policyWith())).toEqual(['weekly', 'monthly']);
});

test('one of last week, or month, does not stand for this one', () => {
  const others = [
    backupAt('2025-12-06T23:59:59Z', { tier: 'weekly' }),
    backupAt('2025-11-30T23:59:59Z', { tier: 'monthly' }),
  ];
  expect(promotionsFor(sunday, others, policyWith())).toEqual(['weekly', 'monthly']);
});

test('one of this week, or month, does', () => {
  const others = [
    backupAt('2025-12-13T23:59:59Z', { tier: 'weekly' }),
    backupAt('2025-12-01T00:00:00Z', { tier: 'monthly' }),
  ];
  expect(promotionsFor(sunday, others, policyWith())).toEqual([]);
  const corrupt = others.map((entry) => ({ ...entry, status: 'corrupt' as const }));
  expect(promotionsFor(sunday, corrupt, policyWith())).toEqual(['weekly', 'monthly']);
});

test('weeks are those of the time zone', () => {
  const policy = policyWith({ timezone: 'America/New_York' });
  const saturdayThere = backupAt('2025-12-07T02:00:00Z');
  const weekly = backupAt('2025-12-01T12:00:00Z', { tier: 'weekly' });
  expect(promotionsFor(saturdayThere, [weekly], policy)).toEqual(['monthly']);
});

test('tiers that are off get nothing; one made for a tier is not copied into it', () => {
  const { weeklyWeeks: _weekly, monthlyMonths: _monthly, ...dailyOnly } = policyWith();
  expect(promotionsFor(sunday, [], dailyOnly)).toEqual([]);
  expect(promotionsFor({ ...sunday, tier: 'weekly' }, [], policyWith())).toEqual(['monthly']);
});

test.each(['unverified', 'corrupt', 'incomplete'] as const)('an %s backup is not promoted', (status) => {
  expect(promotionsFor({ ...sunday, status }, [], policyWith())).toEqual([]);
});

test('unverified ones are, when backups are not verified; safety backups never', () => {
  const policy = policyWith({ unverifiedIsGood: true });
  expect(promotionsFor({ ...sunday, status: 'unverified' }, [], policy)).toEqual(['weekly', 'monthly']);
  expect(promotionsFor({ ...sunday, trigger: 'pre-restore' }, [], policyWith())).toEqual([]);
});
