import { expect, test } from 'vitest';
import { promotionsFor } from './promotions.ts';
import { backupAt, policyWith } from './testing.ts';

const NOW = Date.parse('2025-12-14T00:00:00Z');
const sunday = backupAt('2025-12-07T02:00:00Z');

test('the first good backup of its week and month goes into both', () => {
  expect(promotionsFor(sunday, [sunday], policyWith(), NOW)).toEqual(['weekly', 'monthly']);
});

test('one of last week, or month, does not stand for this one', () => {
  const others = [
    backupAt('2025-12-06T23:59:59Z', { tier: 'weekly' }),
    backupAt('2025-11-30T23:59:59Z', { tier: 'monthly' }),
  ];
  expect(promotionsFor(sunday, others, policyWith(), NOW)).toEqual(['weekly', 'monthly']);
});

test('one of this week, or month, does', () => {
  const others = [
    backupAt('2025-12-13T23:59:59Z', { tier: 'weekly' }),
    backupAt('2025-12-01T00:00:00Z', { tier: 'monthly' }),
  ];
  expect(promotionsFor(sunday, others, policyWith(), NOW)).toEqual([]);
  const corrupt = others.map((entry) => ({ ...entry, status: 'corrupt' as const }));
  expect(promotionsFor(sunday, corrupt, policyWith(), NOW)).toEqual(['weekly', 'monthly']);
});

test('weeks are those of the time zone', () => {
  const policy = policyWith({ timezone: 'America/New_York' });
  const saturdayThere = backupAt('2025-12-07T02:00:00Z');
  const weekly = backupAt('2025-12-01T12:00:00Z', { tier: 'weekly' });
  expect(promotionsFor(saturdayThere, [weekly], policy, NOW)).toEqual(['monthly']);
});

test('tiers that are off get nothing; one made for a tier is not copied into it', () => {
  const { weeklyWeeks: _weekly, monthlyMonths: _monthly, ...dailyOnly } = policyWith();
  expect(promotionsFor(sunday, [], dailyOnly, NOW)).toEqual([]);
  expect(promotionsFor({ ...sunday, tier: 'weekly' }, [], policyWith(), NOW)).toEqual(['monthly']);
});

test.each(['unverified', 'corrupt', 'incomplete'] as const)('an %s backup is not promoted', (status) => {
  expect(promotionsFor({ ...sunday, status }, [], policyWith(), NOW)).toEqual([]);
});

test('unverified ones are, when backups are not verified; safety backups never', () => {
  const policy = policyWith({ unverifiedIsGood: true });
  expect(promotionsFor({ ...sunday, status: 'unverified' }, [], policy, NOW)).toEqual(['weekly', 'monthly']);
  expect(promotionsFor({ ...sunday, trigger: 'pre-restore' }, [], policyWith(), NOW)).toEqual([]);
});

test('what is dated in the future stands for no week or month, and is not promoted', () => {
  const later = Date.parse('2025-12-20T00:00:00Z');
  const others = [
    backupAt('2025-12-13T23:59:59Z', { tier: 'weekly' }),
    backupAt('2025-12-31T00:00:00Z', { tier: 'monthly' }),
  ];
  const now = Date.parse('2025-12-07T03:00:00Z');
  expect(promotionsFor(sunday, others, policyWith(), now)).toEqual(['weekly', 'monthly']);
  expect(promotionsFor(sunday, others, policyWith(), later)).toEqual(['monthly']);
  expect(promotionsFor(others[1]!, [], policyWith(), now)).toEqual([]);
});
