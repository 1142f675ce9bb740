import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CatalogueEntry, TIERS } from '@gofr-backup/model';
import { planPrune } from './plan-prune.ts';
import { backupAt, policyWith } from './testing.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2025-12-13T03:00:00Z');

/** `tier date action: reasons`, as a reader would want a plan told. */
const told = (entries: CatalogueEntry[], policy = policyWith(), now = NOW): string =>
  planPrune(entries, policy, now)
    .map(({ filename, action, reasons }) => {
      const [, tier, date] = filename.split('_');
      return `${tier} ${date} ${action}: ${reasons.join('; ')}`;
    })
    .join('\n');

const days = (...ages: number[]): CatalogueEntry[] => ages.map((age) => backupAt(NOW - age * DAY));

describe('golden histories', () => {
  test('days', () => {
    expect(told(days(0, 1, 2, 29, 30, 31, 400))).toMatchInlineSnapshot(`
      "daily 20251213 keep: the newest good daily backup
      daily 20251212 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251211 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251114 keep: not older than 30 days
      daily 20251113 keep: not older than 30 days
      daily 20251112 remove: older than 30 days
      daily 20241108 remove: older than 30 days"
    `);
  });
  test('more than MAX_COUNT', () => {
    expect(told(days(0, 1, 2, 3, 4, 5), policyWith({ maxCount: 4 }))).toMatchInlineSnapshot(`
      "daily 20251213 keep: the newest good daily backup
      daily 20251212 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251211 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251210 keep: not older than 30 days
      daily 20251209 remove: 4 newer good ones, MAX_COUNT is 4
      daily 20251208 remove: 5 newer good ones, MAX_COUNT is 4"
    `);
  });
  test('nothing but old ones', () => {
    expect(told(days(100, 200, 300, 400))).toMatchInlineSnapshot(`
      "daily 20250904 keep: the newest good daily backup
      daily 20250527 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20250216 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20241108 remove: older than 30 days"
    `);
  });
  test('damage is no reason to remove: what is not good stays as long as a good one would, and is not counted', () => {
    const status = (age: number, changes: Partial<CatalogueEntry>) => backupAt(NOW - age * DAY, changes);
    const history = [
      status(0, { status: 'incomplete' }),
      status(1, { status: 'corrupt' }),
      status(2, {}),
      status(3, { status: 'incomplete' }),
      status(4, { status: 'corrupt' }),
      status(5, { status: 'unverified' }),
      status(9, { status: 'corrupt' }),
      status(40, { status: 'corrupt' }),
      status(41, { status: 'unverified' }),
    ];
    expect(told(history, policyWith({ keepLast: 1 }))).toMatchInlineSnapshot(`
      "daily 20251213 keep: incomplete, but not older than 30 days
      daily 20251212 keep: corrupt, but not older than 30 days
      daily 20251211 keep: the newest good daily backup
      daily 20251210 keep: incomplete, but not older than 30 days
      daily 20251209 keep: corrupt, but not older than 30 days
      daily 20251208 keep: not verified, but not older than 30 days
      daily 20251204 keep: corrupt, but not older than 30 days
      daily 20251103 remove: corrupt, older than 30 days, and newer good ones exist
      daily 20251102 remove: not verified, older than 30 days, and newer good ones exist"
    `);
  });
  test('what is not good stays until KEEP_LAST newer good ones exist', () => {
    const old = backupAt(NOW - 40 * DAY, { status: 'unverified', adopted: true });
    expect(told([...days(0, 1), old])).toMatchInlineSnapshot(`
      "daily 20251213 keep: the newest good daily backup
      daily 20251212 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251103 keep: not verified, but fewer than 3 newer good daily backups exist"
    `);
    expect(told([...days(0, 1, 2), old])).toMatchInlineSnapshot(`
      "daily 20251213 keep: the newest good daily backup
      daily 20251212 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251211 keep: one of the newest 3 good daily backups (KEEP_LAST)
      daily 20251103 remove: not verified, older than 30 days, and newer good ones exist"
    `);
  });
  test('damaged ones are kept also where MAX_COUNT is over and a good one of their week is there', () => {
    const damaged = [3, 4, 5, 6].flatMap((age) => [
      backupAt(NOW - age * DAY, { status: 'corrupt' }),
      backupAt(NOW - age * DAY, { status: 'incomplete', nth: 2 } as object),
    ]);
    const decisions = planPrune(
      [...days(0, 1, 2), ...damaged],
      policyWith({ maxCount: 1, keepLast: 1 }),
      NOW,
    );
    expect(decisions.map(({ action }) => action)).toEqual([
      ...['keep', 'remove', 'remove'],
      ...damaged.map(() => 'keep'),
    ]);
  });
  test('pinned ones, however old, damaged or many', () => {
    const { weeklyWeeks: _off, ...policy } = policyWith({ maxCount: 1, keepLast: 0 });
    const history = [
      ...days(0, 1),
      backupAt(NOW - 500 * DAY, { pinned: true }),
      backupAt(NOW - 501 * DAY, { pinned: true, status: 'corrupt' }),
      backupAt(NOW + 9 * DAY, { pinned: true }),
    ];
    expect(told(history, policy)).toMatchInlineSnapshot(`
      "daily 20251213 keep: the newest good daily backup
      daily 20251212 remove: 1 newer good ones, MAX_COUNT is 1
      daily 20240731 keep: pinned
      daily 20240730 keep: pinned
      daily 20251222 keep: pinned"
    `);
  });
  test('a few minutes ahead is another host’s clock, not the future', () => {
    const ahead = backupAt(NOW + 240_000);
    expect(told([ahead, ...days(1)], policyWith({ keepLast: 0, maxCount: 1 }))).toMatchInlineSnapshot(`
      "daily 20251213 keep: the newest good daily backup
      daily 20251212 remove: 1 newer good ones, MAX_COUNT is 1"
    `);
  });
  test('weeks and months', () => {
    const history = [
      backupAt('2025-12-12T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-12-07T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-12-06T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-11-23T02:00:00Z', { tier: 'weekly', status: 'corrupt' }),
      backupAt('2025-11-16T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-11-14T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-11-11T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-10-12T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-10-11T02:00:00Z', { tier: 'weekly' }),
      backupAt('2025-12-01T02:00:00Z', { tier: 'monthly' }),
      backupAt('2025-11-30T02:00:00Z', { tier: 'monthly' }),
      backupAt('2025-11-01T02:00:00Z', { tier: 'monthly' }),
      backupAt('2025-10-31T02:00:00Z', { tier: 'monthly' }),
      backupAt('2024-12-01T02:00:00Z', { tier: 'monthly' }),
      backupAt('2024-11-30T02:00:00Z', { tier: 'monthly' }),
    ];
    expect(told(history)).toMatchInlineSnapshot(`
      "weekly 20251212 keep: the newest good weekly backup
      weekly 20251207 keep: one of the newest 3 good weekly backups (KEEP_LAST)
      weekly 20251206 keep: one of the newest 3 good weekly backups (KEEP_LAST)
      weekly 20251123 keep: corrupt, but not older than 8 weeks
      weekly 20251116 keep: not older than 8 weeks
      weekly 20251114 keep: not older than 8 weeks
      weekly 20251111 remove: a newer good one of its week is kept
      weekly 20251012 keep: not older than 8 weeks
      weekly 20251011 remove: older than 8 weeks
      monthly 20251201 keep: the newest good monthly backup
      monthly 20251130 keep: one of the newest 3 good monthly backups (KEEP_LAST)
      monthly 20251101 keep: one of the newest 3 good monthly backups (KEEP_LAST)
      monthly 20251031 keep: not older than 12 months
      monthly 20241201 keep: not older than 12 months
      monthly 20241130 remove: older than 12 months"
    `);
  });
  test('the future, and tiers that are off', () => {
    const { weeklyWeeks: _weekly, ...daily } = policyWith({ keepLast: 0 });
    const history = [
      backupAt('2026-01-01T02:00:00Z'),
      backupAt('2025-12-12T02:00:00Z'),
      backupAt('2020-01-05T02:00:00Z'),
      backupAt('2020-01-05T02:00:00Z', { tier: 'weekly' }),
    ];
    expect(told(history, daily)).toMatchInlineSnapshot(`
      "daily 20260101 keep: it is dated in the future
      daily 20251212 keep: the newest good daily backup
      daily 20200105 remove: older than 30 days
      weekly 20200105 keep: the weekly tier is switched off: what is there stays"
    `);
  });
});

test('days are those of the time zone, also when one has 23 hours', () => {
  const policy = policyWith({ retentionDays: 1, keepLast: 0, timezone: 'Europe/Berlin' });
  const newest = backupAt('2025-03-31T01:00:00Z');
  const late = backupAt('2025-03-29T22:59:00Z'); // Saturday 23:59
  const early = backupAt('2025-03-29T23:01:00Z'); // Sunday 00:01, the day of 23 hours
  const actions = planPrune([newest, early, late], policy, Date.parse('2025-03-31T02:00:00Z'));
  expect(actions.map(({ action }) => action)).toEqual(['keep', 'keep', 'remove']);
});

const entries = fc
  .array(
    fc.record({
      age: fc.integer({ min: -40 * 24, max: 500 * 24 }),
      tier: fc.constantFrom(...TIERS),
      status: fc.constantFrom('good', 'good', 'good', 'unverified', 'corrupt', 'incomplete'),
      undated: fc.constantFrom(false, false, false, true),
      pinned: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 60 },
  )
  .map((drawn) =>
    drawn.map(({ age, tier, status, undated, pinned }, place) => {
      const entry = backupAt(NOW - age * 3_600_000, { tier, status, pinned, nth: place + 1 } as object);
      return undated ? { ...entry, created_at: 'never' } : entry;
    }),
  );
const policies = fc
  .record({
    retentionDays: fc.integer({ min: 0, max: 60 }),
    maxCount: fc.integer({ min: 1, max: 40 }),
    keepLast: fc.integer({ min: 0, max: 5 }),
    weeklyWeeks: fc.integer({ min: 0, max: 20 }),
    monthlyMonths: fc.integer({ min: 0, max: 13 }),
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia'),
    unverifiedIsGood: fc.boolean(),
  })
  .map(policyWith);

describe('whatever the history and the policy', () => {
  test('kept and removed are all, each with a reason, in the order given', () => {
    fc.assert(
      fc.property(entries, policies, (history, policy) => {
        const plan = planPrune(history, policy, NOW);
        expect(plan.map(({ filename, tier }) => [filename, tier])).toEqual(
          history.map(({ filename, tier }) => [filename, tier]),
        );
        for (const { action, reasons } of plan) {
          expect(['keep', 'remove']).toContain(action);
          expect(reasons.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('the newest good ones of each tier stay, and what is pinned, of the future or of no time', () => {
    fc.assert(
      fc.property(entries, policies, (history, policy) => {
        const kept = keptOf(history, policy);
        const good = history.filter(
          ({ status, created_at }) =>
            (status === 'good' || (policy.unverifiedIsGood && status === 'unverified')) &&
            Date.parse(created_at ?? '') <= NOW,
        );
        for (const tier of TIERS) {
          const newest = good
            .filter((entry) => entry.tier === tier)
            .sort((a, b) => ((a.created_at ?? '') < (b.created_at ?? '') ? 1 : -1));
          const times = newest.slice(0, Math.max(1, policy.keepLast)).map(({ created_at }) => created_at);
          const stay = kept.filter((entry) => good.includes(entry) && entry.tier === tier);
          expect(stay.length).toBeGreaterThanOrEqual(times.length);
          for (const time of times) expect(stay.map(({ created_at }) => created_at)).toContain(time);
        }
        for (const entry of history)
          if (entry.pinned || !(Date.parse(entry.created_at ?? '') <= NOW)) expect(kept).toContain(entry);
      }),
    );
  });

  test('the order of the catalogue does not matter, and pruning twice is pruning once', () => {
    fc.assert(
      fc.property(entries, policies, (history, policy) => {
        const kept = keptOf(history, policy);
        expect(new Set(keptOf(history.toReversed(), policy))).toEqual(new Set(kept));
        expect(keptOf(kept, policy)).toEqual(kept);
      }),
    );
  });

  test('keeping more days, more of them, or more at the end never removes what was kept', () => {
    const more = fc.record({
      days: fc.nat(30),
      count: fc.nat(30),
      last: fc.nat(5),
      weeks: fc.nat(9),
      months: fc.nat(9),
    });
    fc.assert(
      fc.property(entries, policies, more, (history, policy, { days, count, last, weeks, months }) => {
        const wider = {
          ...policy,
          retentionDays: policy.retentionDays + days,
          maxCount: policy.maxCount + count,
          keepLast: policy.keepLast + last,
          weeklyWeeks: (policy.weeklyWeeks ?? 0) + weeks,
          monthlyMonths: (policy.monthlyMonths ?? 0) + months,
        };
        const kept = new Set(keptOf(history, wider));
        for (const entry of keptOf(history, policy)) expect(kept).toContain(entry);
      }),
    );
  });

  test('time passing brings nothing back', () => {
    fc.assert(
      fc.property(entries, policies, fc.nat(100), (history, policy, later) => {
        const present = history.filter(({ created_at }) => Date.parse(created_at ?? '') <= NOW);
        const kept = new Set(keptOf(present, policy));
        for (const entry of keptOf(present, policy, NOW + later * DAY)) expect(kept).toContain(entry);
      }),
    );
  });

  const keptOf = (history: CatalogueEntry[], policy: ReturnType<typeof policyWith>, now = NOW) => {
    const plan = planPrune(history, policy, now);
    return history.filter((_, place) => plan[place]?.action === 'keep');
  };
});
