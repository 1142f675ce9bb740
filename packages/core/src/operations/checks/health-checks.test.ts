/** A row for every line that `doctor` can say. */
import { expect, test } from 'vitest';
import { HEALTH_CHECKS, type HealthFacts, judgeHealth } from './health-checks.ts';
import { SERVERS } from './live-servers.ts';

const DAY = 86_400_000;
const now = Date.parse('2025-12-13T12:00:00Z');
const GB = 2 ** 30;
const well: HealthFacts = {
  ...{ now, timezone: 'UTC', uid: 1000, servers: [], lacks: [], sharedDisk: ['storage'] },
  stores: [
    {
      state: {
        store: 'b2',
        url: 's3://b',
        copies: 2,
        newest: { filename: 'a', created_at: '', arrived: '' },
      },
      problems: [],
    },
  ],
  components: [{ name: 'storage', root: '/data/storage', state: 'filled' }],
  space: { directory: '/backups', free: 10 * GB, lastBackup: GB, minFree: 0 },
  schedule: {
    ...{ enabled: true, pattern: '0 2 * * *', timezone: 'UTC', scheduled: true },
    next: [1, 2, 3].map((days) => Date.parse('2025-12-13T02:00:00Z') + days * DAY),
  },
  redis: { state: 'answers', address: 'redis:6379', workers: 1 },
  alerts: { channels: ['mail'] },
  backups: {
    ...{ total: 3, newestGood: now - DAY / 2, maxAge: 26 * 3_600_000 },
    lastDrill: { at: now - DAY, ok: true, backup: 'a.tar.gz' },
  },
};
const component = (state: HealthFacts['components'][number]['state'], owner?: number) => ({
  components: [{ name: 'auth', root: '/data/auth', state, ...(owner === undefined ? {} : { owner }) }],
});
const backups = (changes: Partial<HealthFacts['backups']>) => ({ backups: { ...well.backups, ...changes } });
const schedule = (changes: Partial<HealthFacts['schedule']>) => ({
  schedule: { ...well.schedule, ...changes },
});

test('all is well: every check says so in a line', () => {
  const lines = judgeHealth(well);
  expect(lines.filter(({ ok }) => !ok)).toEqual([]);
  expect(lines.every(({ hint }) => hint === '')).toBe(true);
  const silent = ['databases'];
  expect([...lines.map(({ name }) => name), ...silent].toSorted()).toEqual(
    HEALTH_CHECKS.map(({ name }) => name).toSorted(),
  );
  expect(lines.find(({ name }) => name === 'schedule')?.message).toBe(
    '0 2 * * * (UTC): 2025-12-14 02:00:00, 2025-12-15 02:00:00, 2025-12-16 02:00:00',
  );
  expect(lines.find(({ name }) => name === 'space')?.message).toContain('room for 10 more backups');
});

test.each<[string, Partial<HealthFacts>, string, RegExp, RegExp]>([
  [
    'a component is not there',
    component('missing'),
    'data',
    /\/data\/auth does not exist/,
    /INCLUDE_AUTH=false/,
  ],
  ['a component is empty', component('empty'), 'data', /no file in \/data\/auth/, /volume is mounted/],
  ['files of another user', component('unreadable', 33), 'data', /not all .* as uid 1000/, /as uid 33/],
  ['files of nobody known', component('unreadable'), 'data', /not all/, /uid that owns/],
  [
    'the data of a running server',
    { servers: [{ server: SERVERS[0]!, path: 'data/storage/pg' }] },
    'databases',
    /data\/storage\/pg is the data directory of a PostgreSQL server/,
    /pg_dumpall.*EXCLUDE/,
  ],
  [
    'the backup directory is not there',
    { space: { directory: '/backups', problem: 'ENOENT' } },
    'space',
    /\/backups cannot be used: ENOENT/,
    /BACKUP_DIR/,
  ],
  [
    'room for two',
    { space: { directory: '/backups', free: 2.5 * GB, lastBackup: GB, minFree: 0 } },
    'space',
    /room for 2 more backups/,
    /RETENTION_DAYS/,
  ],
  [
    'room for one, as MIN_FREE counts',
    { space: { directory: '/backups', free: 4 * GB, lastBackup: GB, minFree: 3 * GB } },
    'space',
    /room for 1 more backup like/,
    /Free space/,
  ],
  ['switched off', schedule({ enabled: false }), 'schedule', /nothing is scheduled/, /ENABLED=true/],
  ['no scheduler lives', schedule({ scheduled: false }), 'schedule', /no scheduler/, /gofr-backup serve/],
  ['no service', { redis: { state: 'none' } }, 'redis', /REDIS_URL is unset/, /gofr-backup serve/],
  ['Redis is away', { redis: { state: 'down', problem: 'gone' } }, 'redis', /gone/, /REDIS_URL/],
  [
    'Redis makes room',
    { redis: { state: 'evicts', policy: 'allkeys-lru' } },
    'redis',
    /maxmemory-policy allkeys-lru/,
    /noeviction/,
  ],
  [
    'paused',
    { redis: { state: 'paused', queues: ['backup', 'copies'] } },
    'redis',
    /the queue of backup and of copies is paused/,
    /gofr-backup resume/,
  ],
  [
    'no worker',
    { redis: { state: 'answers', address: 'redis:6379', workers: 0 } },
    'redis',
    /no worker is connected/,
    /worker service/,
  ],
  ['nobody hears', { alerts: { channels: [] } }, 'alerts', /No alert channel/, /ALERT_EMAIL_TO/],
  [
    'a channel that refuses',
    { alerts: { channels: ['mail'], deliveries: [{ channel: 'mail', ok: false, reason: '535' }] } },
    'alerts',
    /mail did not take the test: 535/,
    /gofr-backup config/,
  ],
  ['no backup', backups({ total: 0, newestGood: undefined }), 'backups', /no backup yet/, /gofr-backup now/],
  [
    'none is good',
    backups({ total: 1, newestGood: undefined }),
    'backups',
    /None of 1 backup is good/,
    /verify --all/,
  ],
  ['too old', backups({ newestGood: now - 3 * DAY }), 'backups', /3 days old, where 26 hours/, /status/],
  ['no drill yet', backups({ lastDrill: undefined }), 'drill', /No restore was tried/, /gofr-backup drill/],
  [
    'a drill that failed',
    backups({ lastDrill: { at: now, ok: false, backup: 'b.tar.gz' } }),
    'drill',
    /drill of b\.tar\.gz .* failed/,
    /gofr-backup drill b\.tar\.gz/,
  ],
  [
    'a store that cannot be reached',
    {
      stores: [
        { state: { store: 'b2', url: 's3://b' }, problems: [], reach: { why: 'no route', hint: 'Wait.' } },
      ],
    },
    'copies',
    /b2 \(s3:\/\/b\) cannot be used: no route/,
    /Wait/,
  ],
  [
    'a copy that is damaged',
    {
      stores: [
        {
          state: { store: 'b2' },
          problems: [{ code: 'copy-damaged', title: '', text: 'a: 1 pack is missing.', todo: 'Copy again.' }],
        },
      ],
    },
    'copies',
    /1 pack is missing/,
    /Copy again/,
  ],
  [
    'no native calls',
    { lacks: ['Times are restored to the microsecond.'] },
    'system',
    /microsecond/,
    /koffi/,
  ],
])('%s', (_, changes, name, message, hint) => {
  const bad = judgeHealth({ ...well, ...changes }).filter(({ ok }) => !ok);
  expect(bad).toEqual([
    {
      name,
      ok: false,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    },
  ]);
});

test.each<[string, Partial<HealthFacts>, RegExp]>([
  ['a private Redis', { redis: { state: 'own' } }, /serve` runs/],
  [
    'the first backup is still to come',
    { space: { directory: '/b', free: GB, lastBackup: undefined, minFree: 0 } },
    /no backup tells yet/,
  ],
  [
    'a channel that took it',
    { alerts: { channels: ['mail'], deliveries: [{ channel: 'mail', ok: true }] } },
    /mail took the test/,
  ],
  ['whether it is scheduled is not known', schedule({ scheduled: undefined }), /0 2 \* \* \*/],
])('%s is well', (_, changes, message) => {
  const lines = judgeHealth({ ...well, ...changes });
  expect(lines.filter(({ ok }) => !ok)).toEqual([]);
  expect(lines.map((line) => line.message).join('\n')).toMatch(message);
});
