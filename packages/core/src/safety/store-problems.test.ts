import { DAY, HOUR, type StoreState } from '@gofr-backup/model';
import { expect, test } from 'vitest';
import { type StoreLimits, storeProblems } from './store-problems.ts';

const now = Date.parse('2025-12-13T08:00:00Z');
const limits: StoreLimits = { now, timezone: 'UTC', maxAge: 50 * HOUR, since: now - 30 * DAY };
const iso = (ago: number): string => new Date(now - ago).toISOString();
const fine: StoreState = {
  ...{ store: 'b2', encrypted: true, copies: 3, failure: null, tried_at: iso(HOUR), done_at: iso(HOUR) },
  newest: { filename: 'a', created_at: iso(6 * HOUR), arrived: iso(10 * DAY) },
  checked: { at: iso(HOUR), packs_read: 1, problems: [] },
  keys: [
    { recipient: 'age1a', proved_at: iso(DAY) },
    { recipient: 'age1b', proved_at: iso(DAY) },
  ],
};

test('a store in order has no problem', () => {
  expect(storeProblems(fine, limits)).toEqual([]);
});

test.each<[string, Partial<StoreState>, Partial<StoreLimits>, string[]]>([
  [
    'the last copy failed',
    { failure: { code: 'IO', message: 'copying failed', why: 'no route', hint: 'Wait.' } },
    {},
    ['copy-failed'],
  ],
  [
    'the newest copy is old',
    { newest: { ...fine.newest!, created_at: iso(51 * HOUR) } },
    {},
    ['copy-overdue'],
  ],
  [
    'a copy of tomorrow counts as none',
    { newest: { ...fine.newest!, created_at: iso(-2 * DAY) } },
    {},
    ['copy-overdue'],
  ],
  [
    'a pack is missing',
    { checked: { at: iso(HOUR), packs_read: 0, problems: ['a: 1 pack is missing'] } },
    {},
    ['copy-damaged'],
  ],
  [
    'a drill failed',
    { drill: { backup: 'a', at: iso(DAY), ok: false, problems: ['x'] }, drilled_at: iso(30 * DAY) },
    {},
    ['copy-drill-failed'],
  ],
  [
    'a drill failed, and one by hand went well since',
    { drill: { backup: 'a', at: iso(DAY), ok: false, problems: ['x'] }, drilled_at: iso(HOUR) },
    {},
    [],
  ],
  ['a lock with days to go', { lock: { backup: 'a', days: 8, until: iso(-3 * DAY) } }, {}, []],
  ['a lock about to end', { lock: { backup: 'a', days: 8, until: iso(-2 * DAY) } }, {}, ['copy-lock-ends']],
  ['a lock that ended', { lock: { backup: 'a', days: 8, until: iso(DAY) } }, {}, ['copy-lock-ends']],
  [
    'no lock where one was asked for',
    { lock: { backup: 'a', days: 8, until: null } },
    {},
    ['copy-lock-ends'],
  ],
  [
    'a key was never tried',
    { keys: [fine.keys![0]!, { recipient: 'age1b', proved_at: null }] },
    {},
    ['key-unproved'],
  ],
  [
    'without encryption no key is missed',
    { encrypted: false, keys: [{ recipient: 'x', proved_at: null }] },
    {},
    [],
  ],
])('%s', (_, changes, other, codes) => {
  const problems = storeProblems({ ...fine, ...changes }, { ...limits, ...other });
  expect(problems.map(({ code }) => code)).toEqual(codes);
  for (const { text, todo } of problems) expect(`${text} ${todo}`).not.toContain('undefined');
});

test('a store that never had a copy is late only when one could have been made', () => {
  const { newest: _, ...empty } = fine;
  expect(storeProblems(empty, { ...limits, since: now - HOUR })).toEqual([]);
  expect(storeProblems(empty, limits).map(({ code }) => code)).toEqual(['copy-overdue']);
});

test('a key has a week after the first copy', () => {
  const keys = [{ recipient: 'age1b', proved_at: null }];
  const newest = { ...fine.newest!, arrived: iso(DAY) };
  expect(storeProblems({ ...fine, keys, newest }, limits)).toEqual([]);
});
