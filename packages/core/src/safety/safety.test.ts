import { DAY, HOUR } from '@gofr-backup/model';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { backupAt } from '../testing.ts';
import { safety, type SafetyFacts } from './safety.ts';
import { survey } from './survey.ts';

const NOW = Date.parse('2025-12-13T08:00:00Z');
const SURVEY = { timezone: 'UTC', now: NOW, unverifiedIsGood: false };
const FACTS: SafetyFacts = {
  now: NOW,
  timezone: 'UTC',
  maxAge: 26 * HOUR,
  scheduleEnabled: true,
  nextRun: Date.parse('2025-12-14T02:00:00Z'),
  missed: [],
  gone: [],
  lastRuns: [],
  workers: 1,
  disk: { free: 10 ** 12, forecast: { usedShare: 0.3 } },
  minFree: 0,
  maxDrillAge: 14 * DAY,
};
const judge = (entries: Parameters<typeof survey>[0], facts: Partial<SafetyFacts> = {}, options = SURVEY) =>
  safety(survey(entries, options), { ...FACTS, ...facts });
const codes = (entries: Parameters<typeof survey>[0], facts: Partial<SafetyFacts> = {}) =>
  judge(entries, facts).problems.map(({ code }) => code);

const fresh = backupAt('2025-12-13T02:00:00Z');

test('a fresh verified backup is safety, said in one sentence with until when and what comes next', () => {
  const { level, headline, sentence, goodUntil } = judge([fresh]);
  expect(level).toBe('safe');
  expect(headline).toBe('Your data is safe');
  expect(sentence).toBe(
    'Everything up to today 02:00 can be restored from a verified backup, 6 hours old. The next backup runs tomorrow 02:00.',
  );
  expect(goodUntil).toBe(Date.parse('2025-12-14T04:00:00Z'));
});

test('where copies lie is said, and what is wrong with them', () => {
  const newest = { filename: 'a', created_at: '2025-12-13T02:00:00Z', arrived: '2025-12-13T02:10:00Z' };
  const well = { state: { store: 'b2', newest }, problems: [] };
  expect(judge([fresh], { copies: [well] })).toMatchObject({
    level: 'safe',
    sentence: expect.stringContaining(' Copies: here and b2 (newest there 6 hours old).') as string,
  });
  const bad = { code: 'copy-overdue', title: '', text: 'It is late.', todo: 'Look.' } as const;
  expect(judge([fresh], { copies: [{ state: { store: 'nas' }, problems: [bad] }] })).toMatchObject({
    level: 'attention',
    sentence: expect.stringContaining(' No copy lies elsewhere yet. The next') as string,
    problems: [{ code: 'copy-overdue', text: 'It is late.', todo: 'Look.' }],
  });
});

test('the only copy on the disk of the data is told; with another one elsewhere it is not', () => {
  const shared = { sharedDisk: ['storage'] };
  const told = ' The only copy lies on the disk of the data, and would be lost with it.';
  const newest = { filename: 'a', created_at: '2025-12-13T02:00:00Z', arrived: '2025-12-13T02:10:00Z' };
  const drilled_at = '2025-12-07T06:00:00Z';
  const of = (state: object) =>
    judge([fresh], { ...shared, copies: [{ state: { store: 'b2', ...state }, problems: [] }] });
  expect(judge([fresh], shared)).toMatchObject({
    level: 'safe',
    sentence: expect.stringContaining(told) as string,
  });
  expect(of({}).sentence).toContain(told);
  expect(of({ newest, drilled_at }).sentence).not.toContain(told);
  expect(of({ newest, drilled_at }).sentence).toContain('(newest there 6 hours old, drilled on 2025-12-07).');
});

test('no backup, only an unverified, a corrupt or a future-dated one: danger', () => {
  expect(judge([])).toMatchObject({ level: 'danger', headline: 'There is no backup yet' });
  for (const status of ['unverified', 'corrupt', 'incomplete'] as const) {
    expect(judge([{ ...fresh, status, verified: false }]).level).toBe('danger');
  }
  expect(judge([backupAt('2025-12-14T02:00:00Z')]).level).toBe('danger');
});

test('an unverified backup is good when nothing is verified after a backup', () => {
  const options = { ...SURVEY, unverifiedIsGood: true };
  expect(judge([{ ...fresh, status: 'unverified', verified: false }], {}, options).level).toBe('safe');
});

test('too old is danger, and what went wrong is named once each', () => {
  const old = backupAt('2025-12-10T02:00:00Z');
  const lastRuns = [{ operation: 'backup', jobId: 'b1', ok: false, at: NOW - HOUR, reason: 'disk full' }];
  expect(codes([old], { lastRuns, missed: [NOW - 30 * HOUR, NOW - 6 * HOUR] })).toEqual([
    'overdue',
    'missed',
    'failed',
  ]);
  expect(judge([old], { lastRuns }).level).toBe('danger');
});

test('what needs attention leaves the data safe', () => {
  const corrupt = backupAt('2025-12-11T02:00:00Z', { status: 'corrupt', verified: false });
  const incomplete = backupAt('2025-12-13T03:00:00Z', { status: 'incomplete', verified: false });
  const cases: [string, Parameters<typeof judge>][] = [
    ['corrupt', [[fresh, corrupt]]],
    ['incomplete', [[incomplete, fresh]]],
    ['future', [[backupAt('2026-12-13T02:00:00Z'), fresh]]],
    ['queue-down', [[fresh], { lastRuns: undefined, workers: undefined }]],
    ['no-worker', [[fresh], { workers: 0 }]],
    ['paused', [[fresh], { paused: ['backup'] }]],
    ['paused', [[fresh], { paused: ['copies'] }]],
    ['no-scheduler', [[fresh], { nextRun: undefined }]],
    ['disabled', [[fresh], { scheduleEnabled: false, nextRun: undefined }]],
    ['disk-nearly-full', [[fresh], { minFree: 100, disk: { free: 99, forecast: { usedShare: 0.5 } } }]],
    ['disk-filling', [[fresh], { disk: { free: 99, forecast: { usedShare: 0.5, daysLeft: 3 } } }]],
    ['drill-old', [[{ ...fresh, last_drill_at: '2025-11-01T00:00:00Z', last_drill_ok: true }]]],
  ];
  for (const [code, parameters] of cases) {
    const { level, problems } = judge(...parameters);
    expect([code, level, problems.map((problem) => problem.code)]).toEqual([code, 'attention', [code]]);
  }
});

test('data that is gone is danger, however fresh the backups', () => {
  expect(judge([fresh], { gone: ['storage'] })).toMatchObject({
    level: 'danger',
    headline: 'Your backups need attention now',
    problems: [{ code: 'data-gone', text: 'The data of storage is gone: its directory does not exist.' }],
  });
});

test.each<[string, Partial<SafetyFacts>, RegExp]>([
  ['a scheduler lives', {}, /The next backup runs tomorrow 02:00\.$/],
  ['none lives', { nextRun: undefined }, /No next one is scheduled: no scheduler runs\.$/],
  ['switched off', { scheduleEnabled: false, nextRun: undefined }, /Nothing is scheduled\.$/],
  [
    'the queue does not answer',
    { lastRuns: undefined, nextRun: undefined },
    /Whether the next one will run is not known\.$/,
  ],
])('what comes next: %s', (_, facts, sentence) => {
  expect(judge([fresh], facts).sentence).toMatch(sentence);
});

test('a drill dated in the future hides none that failed since', () => {
  const failed = { ...fresh, last_drill_at: '2025-12-13T05:00:00Z', last_drill_ok: false };
  const wrong = backupAt('2025-12-12T02:00:00Z', {
    last_drill_at: '2026-12-12T02:00:00Z',
    last_drill_ok: true,
  });
  expect(codes([failed, wrong])).toEqual(['drill-failed']);
});

test('a failed drill is danger: the backup did not come back', () => {
  const failed = { ...fresh, last_drill_at: '2025-12-13T05:00:00Z', last_drill_ok: false };
  expect(judge([failed])).toMatchObject({ level: 'danger', problems: [{ code: 'drill-failed' }] });
});

test('property: it says safe exactly when a good backup of the past is within the limit and nothing is wrong', () => {
  const entry = fc.record({
    hours: fc.integer({ min: -48, max: 400 }),
    status: fc.constantFrom('good', 'unverified', 'corrupt', 'incomplete'),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), (made) => {
      const entries = made.map(({ hours, status }) =>
        backupAt(new Date(NOW - hours * HOUR).toISOString(), { status, verified: status === 'good' }),
      );
      const good = made
        .filter(({ hours, status }) => status === 'good' && hours >= 0)
        .map(({ hours }) => hours);
      const { level, problems } = judge(entries);
      const fresh = good.length > 0 && Math.min(...good) <= 26;
      expect(problems.some(({ code }) => code === 'future')).toBe(made.some(({ hours }) => hours < 0));
      expect(level === 'danger').toBe(!fresh);
      expect(level === 'safe').toBe(problems.length === 0);
    }),
  );
});
