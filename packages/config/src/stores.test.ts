import { expect, test } from 'vitest';
import type { BackupError } from '@gofr-backup/model';
import { describeSettings } from './describe.ts';
import { loadSettings } from './load.ts';
import type { Environment, SettingProblem } from './origin.ts';
import { copyPlansFrom, storePlansFrom } from './store-plan.ts';

const KEYS = [
  'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg',
].join(',');

const plansOf = (env: Environment) =>
  storePlansFrom(loadSettings({ BACKUP_OFFSITE_RECIPIENTS: KEYS, ...env }));

function problemsOf(env: Environment): Record<string, string> {
  try {
    loadSettings(env);
  } catch (error) {
    const { problems } = (error as BackupError).details as { problems: SettingProblem[] };
    return Object.fromEntries(problems.map(({ variable, reason }) => [variable, reason]));
  }
  return {};
}

test('no store unless one is named', () => {
  expect(plansOf({})).toEqual([]);
});

test('one store takes what is set for all, and its retention is the local one', () => {
  const [plan, ...others] = plansOf({
    BACKUP_OFFSITE_URL: 's3://bucket/backups?endpoint=https://s3.example.org',
    BACKUP_OFFSITE_ACCESS_KEY: 'access',
    BACKUP_OFFSITE_SECRET_KEY: 'secret',
    BACKUP_OFFSITE_RATE: '2MB',
    BACKUP_RETENTION_DAYS: '12',
  });
  expect(others).toEqual([]);
  expect(plan).toMatchObject({
    name: 'offsite',
    credentials: { accessKey: 'access', secretKey: 'secret' },
    encryption: 'age',
    recipients: KEYS.split(','),
    rate: 2 * 2 ** 20,
    verifyDays: 30,
    drillDays: 30,
    retention: { retentionDays: 12, maxCount: 90, keepLast: 3 },
  });
  expect(plan).not.toHaveProperty('identity');
});

test('of several stores each has its own value where it is given, else that of all', () => {
  const env = {
    GOFR_PLOT_BACKUP_OFFSITES: 'nas,far-b2',
    GOFR_PLOT_BACKUP_OFFSITE_NAS_URL: 'file:///mnt/nas/plot',
    GOFR_PLOT_BACKUP_OFFSITE_NAS_ENCRYPTION: 'none',
    BACKUP_OFFSITE_FAR_B2_URL: 's3://far/plot',
    BACKUP_OFFSITE_FAR_B2_RETENTION_DAYS: '400',
    BACKUP_OFFSITE_RETENTION_DAYS: '60',
  };
  const settings = loadSettings({ BACKUP_OFFSITE_RECIPIENTS: KEYS, ...env });
  expect(settings.warnings).toEqual([]);
  expect(storePlansFrom(settings)).toMatchObject([
    { name: 'nas', url: 'file:///mnt/nas/plot', encryption: 'none', retention: { retentionDays: 60 } },
    { name: 'far-b2', url: 's3://far/plot', encryption: 'age', retention: { retentionDays: 400 } },
  ]);
  const shown = describeSettings(settings).filter(({ group }) => group === 'Off-site copies: far-b2');
  expect(shown.map(({ name, value }) => [name, value])).toEqual([
    ['OFFSITE_FAR_B2_URL', 's3://far/plot'],
    ['OFFSITE_FAR_B2_RETENTION_DAYS', '400'],
  ]);
});

test('secrets of a store are masked', () => {
  const settings = loadSettings({
    BACKUP_OFFSITE_RECIPIENTS: KEYS,
    BACKUP_OFFSITES: 'b2',
    BACKUP_OFFSITE_B2_URL: 's3://far/plot',
    BACKUP_OFFSITE_B2_SECRET_KEY: 'canary-one',
    BACKUP_OFFSITE_PASSWORD: 'canary-two',
  });
  expect(JSON.stringify(describeSettings(settings))).not.toMatch(/canary/);
});

test.each<[string, Environment, Record<string, RegExp>]>([
  [
    'a store without URL',
    { BACKUP_OFFSITES: 'nas', BACKUP_OFFSITE_ENCRYPTION: 'none' },
    { GOFR_PLOT_BACKUP_OFFSITE_NAS_URL: /not set/ },
  ],
  ['a path for a URL', { BACKUP_OFFSITE_URL: '/mnt/nas' }, { BACKUP_OFFSITE_URL: /not understood/ }],
  ['a name twice', { BACKUP_OFFSITES: 'nas,nas' }, { BACKUP_OFFSITES: /twice/ }],
  ['the name of the only store', { BACKUP_OFFSITES: 'offsite' }, { BACKUP_OFFSITES: /OFFSITE_URL/ }],
  [
    'a wrong value of one store',
    {
      BACKUP_OFFSITES: 'nas',
      BACKUP_OFFSITE_NAS_URL: 'file:///mnt/nas',
      BACKUP_OFFSITE_NAS_RATE: 'fast',
      BACKUP_OFFSITE_ENCRYPTION: 'none',
    },
    { BACKUP_OFFSITE_NAS_RATE: /bytes/ },
  ],
])('refused: %s', (_, env, expected) => {
  const problems = problemsOf(env);
  expect(Object.keys(problems)).toEqual(Object.keys(expected));
  for (const [variable, reason] of Object.entries(expected)) expect(problems[variable]).toMatch(reason);
});

test('the store of OFFSITE_URL stands beside those with names', () => {
  const plans = plansOf({
    BACKUP_OFFSITE_URL: 'file:///mnt/one',
    BACKUP_OFFSITES: 'nas',
    BACKUP_OFFSITE_NAS_URL: 'file:///mnt/nas',
  });
  expect(plans.map(({ name, url }) => [name, url])).toEqual([
    ['offsite', 'file:///mnt/one'],
    ['nas', 'file:///mnt/nas'],
  ]);
});

test.each<[string, Environment, boolean]>([
  ['two keys', { BACKUP_OFFSITE_RECIPIENTS: KEYS }, true],
  ['one key', { BACKUP_OFFSITE_RECIPIENTS: KEYS.slice(0, 62) }, false],
  ['one key twice', { BACKUP_OFFSITE_RECIPIENTS: `${KEYS.slice(0, 62)},${KEYS.slice(0, 62)}` }, false],
  ['no key', {}, false],
  [
    'one key, and no recovery',
    { BACKUP_OFFSITE_RECIPIENTS: KEYS.slice(0, 62), BACKUP_OFFSITE_RECOVERY: 'none' },
    true,
  ],
  ['no key, and no recovery', { BACKUP_OFFSITE_RECOVERY: 'none' }, false],
  ['no encryption', { BACKUP_OFFSITE_ENCRYPTION: 'none' }, true],
])('copies can be read without keys; made they are with %s: %s', (_, env, expected) => {
  const settings = loadSettings({ BACKUP_OFFSITE_URL: 'file:///mnt/nas', ...env });
  expect(storePlansFrom(settings)).toHaveLength(1);
  if (expected) expect(copyPlansFrom(settings)).toHaveLength(1);
  else expect(() => copyPlansFrom(settings)).toThrow('Nothing can be copied');
});

test('an unknown variable of a store is told with its nearest name', () => {
  const { warnings } = loadSettings({
    GOFR_PLOT_BACKUP_OFFSITES: 'nas',
    GOFR_PLOT_BACKUP_OFFSITE_NAS_URL: 'file:///mnt/nas',
    GOFR_PLOT_BACKUP_OFFSITE_ENCRYPTION: 'none',
    GOFR_PLOT_BACKUP_OFFSITE_NAS_RAET: '2MB',
  });
  expect(warnings).toEqual([expect.stringContaining('did you mean GOFR_PLOT_BACKUP_OFFSITE_NAS_RATE?')]);
});

test('a password in a URL is refused with where it belongs, and is not shown', () => {
  try {
    loadSettings({ BACKUP_OFFSITE_URL: 'rest+https://me:hunter2@host/plot' });
    expect.unreachable();
  } catch (error) {
    const told = JSON.stringify([String(error), error]);
    expect(told).toContain('OFFSITE_PASSWORD_FILE');
    expect(told).not.toContain('hunter2');
  }
});
