/**
 * 400 days of a service: clock changes, a leap day, nights without a run, failures, late verifications, damage, clocks
 * that jump. Each night's every decision is confirmed by an oracle that knows the contract's sentences but shares no
 * code with the plan: it counts with strings and loops, not with instants.
 */
import { describe, expect, test } from 'vitest';
import type { CatalogueEntry, RetentionPolicy, Tier } from '@gofr-backup/model';
import { planPrune } from './plan-prune.ts';
import { promotionsFor } from './promotions.ts';
import { backupAt, policyWith } from './testing.ts';

const DAY = 86_400_000;
const NIGHTS = 400;

/** Small, fast, seeded. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

describe.each([
  ['Europe/Berlin', 1],
  ['America/St_Johns', 2],
  ['Pacific/Apia', 3],
  ['UTC', 4],
])('%s, seed %i', (timezone, seed) => {
  test('every decision is confirmed', () => {
    const roll = dice(seed);
    const policy = policyWith({
      timezone,
      retentionDays: 20 + roll(20),
      maxCount: 15 + roll(30),
      keepLast: roll(4),
      weeklyWeeks: 3 + roll(6),
      monthlyMonths: 2 + roll(10),
    });
    let catalogue: CatalogueEntry[] = [];
    let decisions = 0;
    let removed = 0;
    for (let night = 0; night < NIGHTS; night++) {
      const real = Date.parse('2027-09-20T01:15:00Z') + night * DAY;
      const now = real + clockError(night);
      catalogue = passNight(catalogue, now, policy, roll);
      const plan = planPrune(catalogue, policy, now);
      const expected = catalogue.map((entry) => (mayGo(entry, catalogue, policy, now) ? 'remove' : 'keep'));
      expect(
        plan.map(({ action }) => action),
        `night ${night}`,
      ).toEqual(expected);
      // a run that failed holds the prune: what is due comes later
      if (roll(10) > 0) catalogue = catalogue.filter((_, place) => expected[place] === 'keep');
      decisions += plan.length;
      removed += expected.filter((action) => action === 'remove').length;
    }
    expect(decisions).toBeGreaterThan(NIGHTS * 20);
    expect(removed).toBeGreaterThan(NIGHTS * 0.7);
  });
});

/** Three nights with a clock three days fast, one with a clock reset to 2020, three an hour slow. */
function clockError(night: number): number {
  if (night >= 100 && night < 103) return 3 * DAY;
  if (night === 200) return Date.parse('2020-01-01') - Date.parse('2028-04-07');
  return night >= 300 && night < 303 ? -3_600_000 : 0;
}

function passNight(
  before: CatalogueEntry[],
  now: number,
  policy: RetentionPolicy,
  roll: (sides: number) => number,
): CatalogueEntry[] {
  let catalogue = before.map((entry) => {
    if (roll(300) === 0) return { ...entry, status: 'corrupt' as const, verified: false };
    if (roll(400) === 0) return { ...entry, pinned: entry.pinned !== true };
    return entry.status === 'unverified' && roll(5) === 0 ? { ...entry, status: 'good' as const } : entry;
  });
  const runs = [0, 1, 1, 1, 1, 1, 1, 2][roll(8)] ?? 1;
  for (let run = 0; run < runs; run++) {
    const status = (['incomplete', 'unverified', 'corrupt'] as const)[roll(12)] ?? 'good';
    const tier = (['weekly', 'monthly'] as const)[roll(40)] ?? 'daily';
    const at = now - (runs - run) * 600_000;
    const taken = catalogue.some(({ created_at }) => created_at === new Date(at).toISOString());
    if (taken) continue;
    const entry = backupAt(at, { status, tier, timezone: policy.timezone });
    const promoted = promotionsFor(entry, catalogue, policy, now);
    expect(promoted.sort(), 'promotions').toEqual(firstOfItsPeriod(entry, catalogue, policy, now));
    catalogue = [
      ...promoted.map((copy) => backupAt(at, { tier: copy, timezone: policy.timezone })),
      entry,
      ...catalogue,
    ];
  }
  return catalogue;
}

// The oracle ----------------------------------------------------------------------------------------------------

/** YYYY-MM-DD on the wall calendar of the zone. */
const date = remembered((at: string | number | undefined, timezone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short' }).format(
    new Date(at ?? Number.NaN),
  ),
);
const stepBack = (day: string): string =>
  new Date(Date.parse(`${day}T12:00:00Z`) - DAY).toISOString().slice(0, 10);
const sundayOf = remembered((day: string): string => {
  let sunday = day;
  while (new Date(`${sunday}T12:00:00Z`).getUTCDay() !== 0) sunday = stepBack(sunday);
  return sunday;
});
/** The oracle asks the same thousands of times. */
function remembered<A extends unknown[]>(ask: (...about: A) => string): (...about: A) => string {
  const answers = new Map<string, string>();
  return (...about) => {
    const key = about.join(' ');
    const answer = answers.get(key) ?? ask(...about);
    answers.set(key, answer);
    return answer;
  };
}
const monthOf = (day: string): string => day.slice(0, 7);

/** The earliest day that is still inside: counted back one by one. */
function firstDayKept(tier: Tier, today: string, policy: RetentionPolicy): string {
  let day = today;
  if (tier === 'daily') for (let n = 0; n < policy.retentionDays; n++) day = stepBack(day);
  if (tier === 'weekly') {
    day = sundayOf(day);
    for (let n = 0; n < (policy.weeklyWeeks ?? 0); n++) day = sundayOf(stepBack(day));
  }
  if (tier === 'monthly') {
    day = `${monthOf(day)}-01`;
    for (let n = 0; n < (policy.monthlyMonths ?? 0); n++) day = `${monthOf(stepBack(day))}-01`;
  }
  return day;
}

/** Two hosts may be five minutes apart. */
const isPresent = ({ created_at = '' }: CatalogueEntry, now: number): boolean =>
  created_at <= new Date(now + 300_000).toISOString();
const later = (a: CatalogueEntry, b: CatalogueEntry): boolean => (a.created_at ?? '') > (b.created_at ?? '');

function mayGo(entry: CatalogueEntry, all: CatalogueEntry[], policy: RetentionPolicy, now: number): boolean {
  const present = (one: CatalogueEntry) => isPresent(one, now);
  if (!present(entry) || entry.pinned) return false;
  const day = (one: CatalogueEntry) => date(one.created_at, policy.timezone);
  const newer = all.filter((one) => one.status === 'good' && later(one, entry) && present(one));
  const newerOfTier = newer.filter((one) => one.tier === entry.tier);
  const old = day(entry) < firstDayKept(entry.tier, date(now, policy.timezone), policy);
  switch (entry.status) {
    // damage is no reason: both stay as long as a good one would
    case 'incomplete':
    case 'corrupt':
    case 'unverified':
      return old && newerOfTier.length > 0;
    default: {
      if (newerOfTier.length < Math.max(1, policy.keepLast)) return false;
      if (entry.tier === 'daily') return old || newerOfTier.length >= policy.maxCount;
      const period = entry.tier === 'weekly' ? sundayOf : monthOf;
      return old || newerOfTier.some((one) => period(day(one)) === period(day(entry)));
    }
  }
}

function firstOfItsPeriod(
  entry: CatalogueEntry,
  before: CatalogueEntry[],
  policy: RetentionPolicy,
  now: number,
): Tier[] {
  if (entry.status !== 'good') return [];
  const day = (one: CatalogueEntry) => date(one.created_at, policy.timezone);
  const there = (tier: Tier, period: (day: string) => string) =>
    [entry, ...before].some(
      (one) =>
        isPresent(one, now) &&
        one.tier === tier &&
        one.status === 'good' &&
        period(day(one)) === period(day(entry)),
    );
  const tiers: Tier[] = [];
  if (!there('monthly', monthOf)) tiers.push('monthly');
  if (!there('weekly', sundayOf)) tiers.push('weekly');
  return tiers;
}
