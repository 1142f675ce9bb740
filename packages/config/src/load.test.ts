import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { BackupError } from '@gofr-backup/model';
import { describeSettings } from './describe.ts';
import { loadSettings } from './load.ts';
import type { Environment } from './origin.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';
import type { Setting } from './setting.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'gofr-config-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function failure(env: Environment): BackupError {
  try {
    loadSettings(env);
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
  throw new Error('these settings were accepted');
}

test('defaults are those of the documentation', () => {
  const settings = loadSettings({});
  expect(settings).toMatchObject({
    ...{
      project: 'plot',
      enabled: true,
      schedule: '0 2 * * *',
      timezone: 'UTC',
      retentionDays: 30,
      maxCount: 90,
    },
    ...{
      keepLast: 3,
      enableWeekly: false,
      weeklyRetentionWeeks: 8,
      enableMonthly: false,
      monthlyRetentionMonths: 12,
    },
    ...{ compression: 'gzip', compressionLevel: 6, cleanupOnStart: true, verifyAfterBackup: true },
    ...{
      dataDir: '/data',
      logsDir: '/logs',
      backupDir: '/backups',
      prefix: 'gofr-plot',
      redisUrl: undefined,
    },
    warnings: [],
  });
  expect(loadSettings({ BACKUP_COMPRESSION: 'zstd' }).compressionLevel).toBe(3);
  expect(loadSettings({ TZ: 'Asia/Tokyo' }).timezone).toBe('Asia/Tokyo');
});

test('every example is a value that is taken, and every default too', () => {
  for (const key of SETTING_KEYS) {
    const { kind, example }: Setting<unknown> = SETTINGS[key];
    expect(kind.schema.safeParse(example), `${key}: ${example}`).toMatchObject({ success: true });
  }
  expect(() => loadSettings({})).not.toThrow();
});

test("the project's own variable wins; empty counts as unset", () => {
  expect(loadSettings({ BACKUP_MAX_COUNT: '5', GOFR_PLOT_BACKUP_MAX_COUNT: '7' }).maxCount).toBe(7);
  expect(loadSettings({ BACKUP_MAX_COUNT: '5', GOFR_PLOT_BACKUP_MAX_COUNT: '  ' }).maxCount).toBe(5);
  const settings = loadSettings({ GOFR_PROJECT: 'my-app', GOFR_MY_APP_BACKUP_MAX_COUNT: '9' });
  expect(settings).toMatchObject({ project: 'my-app', prefix: 'gofr-my-app', maxCount: 9 });
  expect(settings.origins.maxCount.variable).toBe('GOFR_MY_APP_BACKUP_MAX_COUNT');
});

test('every bad setting is in one message, with its variable, value, what is allowed and an example', () => {
  const bad = {
    ...{
      ENABLED: 'perhaps',
      SCHEDULE: 'H 2 * * *',
      TIMEZONE: 'Mars/Olympus',
      RETENTION_DAYS: '-1',
      MAX_COUNT: 'many',
    },
    ...{
      KEEP_LAST: '1.5',
      ENABLE_WEEKLY: '2',
      WEEKLY_RETENTION_WEEKS: '0',
      ENABLE_MONTHLY: 'x',
      MONTHLY_RETENTION_MONTHS: 'y',
    },
    ...{
      INCLUDE_STORAGE: 'z',
      INCLUDE_AUTH: 'z',
      INCLUDE_LOGS: 'z',
      INCLUDE_METADATA: 'z',
      PATHS: 'storage',
    },
    ...{
      COMPRESSION: 'rar',
      COMPRESSION_LEVEL: '99',
      CLEANUP_ON_START: 'z',
      VERIFY_AFTER_BACKUP: 'z',
      PREFIX: 'a/b',
    },
    ...{
      READ_RATE: 'fast',
      MIN_FREE: '-1',
      THREADS: '0',
      NICE: '20',
      COMMAND_TIMEOUT: '5',
      ANOMALY_PERCENT: '101',
    },
    ...{
      TRASH_DAYS: 'x',
      DRILL_SCHEDULE: '0 0 2 * * *',
      VERIFY_SCHEDULE: '@daily',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
    },
  };
  const env = Object.fromEntries(
    Object.entries(bad).map(([name, value]) => [`GOFR_PLOT_BACKUP_${name}`, value]),
  );
  const error = failure(env);
  expect(error.code).toBe('CONFIG');
  expect(error.exit).toBe(78);
  const lines = error.why.split('\n');
  expect(lines).toHaveLength(Object.keys(bad).length);
  for (const [name, value] of Object.entries(bad)) {
    const line = lines.find((text) => text.startsWith(`GOFR_PLOT_BACKUP_${name}=`));
    expect(line, name).toContain(JSON.stringify(value));
    expect(line, name).toMatch(/; it must be .+, for example .+/);
  }
});

test('any mixture of good and bad is reported exactly', () => {
  const good = { MAX_COUNT: '5', RETENTION_DAYS: '9', KEEP_LAST: '1', NICE: '3', THREADS: '2' };
  const names = Object.keys(good) as (keyof typeof good)[];
  fc.assert(
    fc.property(
      fc.subarray(names),
      fc.string({ minLength: 1 }).filter((text) => /[^\d\s+-]/.test(text)),
      (broken, text) => {
        const env = Object.fromEntries(
          names.map((name) => [`BACKUP_${name}`, broken.includes(name) ? text : good[name]]),
        );
        if (broken.length === 0) return void expect(loadSettings(env).maxCount).toBe(5);
        const problems = failure(env).details['problems'] as { variable: string }[];
        expect(problems.map(({ variable }) => variable).sort()).toEqual(
          broken.map((name) => `BACKUP_${name}`).sort(),
        );
      },
    ),
  );
});

test('levels are checked against the compression', () => {
  expect(failure({ BACKUP_COMPRESSION: 'xz', BACKUP_COMPRESSION_LEVEL: '12' }).why).toMatch(
    /above 9, the highest of xz/,
  );
  expect(loadSettings({ BACKUP_COMPRESSION: 'zstd', BACKUP_COMPRESSION_LEVEL: '19' }).compressionLevel).toBe(
    19,
  );
});

test('a project name that cannot be part of a variable is refused', () => {
  for (const name of ['A b', '../x', 'p'.repeat(41), '-x', 'Ä']) {
    expect(failure({ GOFR_PROJECT: name }).why).toMatch(/^GOFR_PROJECT=/);
  }
});

test('unknown variables of the project are warnings that name the nearest', () => {
  const { warnings } = loadSettings({
    GOFR_PLOT_BACKUP_RETENTON_DAYS: '3',
    GOFR_PLOT_BACKUP_UNUSED: '',
    GOFR_OTHER_BACKUP_X: '1',
    BACKUP_SOMETHING_ELSE: '1',
  });
  expect(warnings).toEqual([
    'GOFR_PLOT_BACKUP_RETENTON_DAYS is not a setting; did you mean GOFR_PLOT_BACKUP_RETENTION_DAYS?',
  ]);
});

test("settings of another project's prefix are warnings, and never their values", () => {
  const env = {
    GOFR_PLOT_BACKUP_SCHEDULE: '5 4 * * *',
    GOFR_PLOT_BACKUP_REDIS_URL: 'redis://:S3CRET@h',
    GOFR_PLOT_BACKUP_MAX_COUNT: '',
  };
  const { schedule, redisUrl, warnings } = loadSettings({ ...env, GOFR_PROJECT: 'dig' });
  expect([schedule, redisUrl]).toEqual(['0 2 * * *', undefined]);
  expect(warnings).toEqual(
    ['REDIS_URL', 'SCHEDULE'].map(
      (name) =>
        `GOFR_PLOT_BACKUP_${name} is of another project, and counts for nothing here; did you mean GOFR_DIG_BACKUP_${name}, or GOFR_PROJECT?`,
    ),
  );
});

test('a secret comes from its variable or its file, never from both, and is shown nowhere', () => {
  const file = path.join(scratch, 'redis_url');
  writeFileSync(file, 'redis://:hunter2@redis:6379/0\n');
  const settings = loadSettings({ BACKUP_REDIS_URL_FILE: file });
  expect(settings.redisUrl).toBe('redis://:hunter2@redis:6379/0');
  expect(settings.origins.redisUrl.variable).toBe('BACKUP_REDIS_URL_FILE');
  expect(JSON.stringify(describeSettings(settings))).not.toContain('hunter2');

  const both = failure({ BACKUP_REDIS_URL_FILE: file, BACKUP_REDIS_URL: 'redis://:hunter2@h' });
  expect(both.why).toMatch(/BACKUP_REDIS_URL_FILE=.* is set, and so is BACKUP_REDIS_URL/);
  const malformed = failure({ BACKUP_REDIS_URL: 'hunter2' });
  for (const error of [both, malformed])
    expect(JSON.stringify([error.message, error.why, error.details])).not.toContain('hunter2');
  expect(failure({ BACKUP_REDIS_URL_FILE: path.join(scratch, 'missing') }).why).toMatch(
    /cannot be read \(ENOENT\)/,
  );
  writeFileSync(file, '\n');
  expect(failure({ BACKUP_REDIS_URL_FILE: file }).why).toMatch(/empty file/);
});

test('what is shown says where each value came from', () => {
  const shown = describeSettings(loadSettings({ GOFR_PLOT_BACKUP_KEEP_LAST: '7', TZ: 'Europe/Berlin' }));
  const of = (name: string) => shown.find((setting) => setting.name === name);
  expect(of('KEEP_LAST')).toMatchObject({ value: '7', source: 'GOFR_PLOT_BACKUP_KEEP_LAST' });
  expect(of('TIMEZONE')).toMatchObject({ value: 'Europe/Berlin', source: 'TZ' });
  expect(of('SCHEDULE')).toMatchObject({ value: '0 2 * * *', source: 'default' });
  expect(of('PATHS')).toMatchObject({ value: null, source: 'default' });
  expect(new Set(shown.map(({ name }) => name)).size).toBe(SETTING_KEYS.length);
});

test('what recovery does not need is a warning there, and an error elsewhere', () => {
  const wrong = {
    BACKUP_SMTP_URL: 'mail.example.org',
    TZ: 'Nowhere/Land',
    GOFR_PLOT_BACKUP_DASHBOARD_PASSWORD_FILE: path.join(scratch, 'not-there'),
    BACKUP_SCHEDULE: 'daily',
    GOFR_PLOT_BACKUP_OFFSITE_URL: 'floppy://a',
    BACKUP_REDIS_URL: 'redis://h:0',
    BACKUP_DIR: '/b',
  };
  expect(() => loadSettings(wrong)).toThrow(BackupError);
  const settings = loadSettings(wrong, 'recovery');
  expect(settings).toMatchObject({ timezone: 'UTC', redisUrl: undefined, stores: [], backupDir: '/b' });
  for (const name of ['SMTP_URL', 'TZ', 'DASHBOARD_PASSWORD_FILE', 'SCHEDULE', 'OFFSITE_URL', 'REDIS_URL'])
    expect(settings.warnings.some((line) => line.includes(name))).toBe(true);
  for (const needed of [{ BACKUP_PATHS: ':' }, { GOFR_PLOT_BACKUP_XATTRS: 'x' }, { GOFR_PROJECT: '../x' }])
    expect(() => loadSettings({ ...wrong, ...needed }, 'recovery')).toThrow(BackupError);
});

test.each([
  ['BACKUP_SCHEDULE', '"0 2 * * *"', /quotes/],
  ['BACKUP_DIR', "'/backups'", /quotes/],
  ['BACKUP_KEEP_LAST', '"3"', /quotes/],
  ['BACKUP_REDIS_URL', '"redis://h"', /quotes/],
  ['BACKUP_ALERT_WEBHOOK_URL', '"https://h/x"', /quotes/],
  ['BACKUP_SCHEDULE', '0 2 * * * # at night', /comment/],
  ['BACKUP_DIR', '/backups # the disk', /comment/],
  ['BACKUP_HEARTBEAT_URL', 'https://h/x # ping', /comment/],
  ['BACKUP_REDIS_URL', 'redis://:p%ss@h', /% that begins no escape/],
  ['BACKUP_REDIS_URL', 'redis://h/?database=3', /\?database=, which is unknown/],
])('%s=%s names the mistake', (name, value, mistake) => {
  const { why } = failure({ [name]: value });
  expect(why).toContain(name);
  expect(why).toMatch(mistake);
});

test('quotes and # that belong to the value are no mistake', () => {
  const own = { BACKUP_PRE_COMMAND: '"/bin/x y" # z', BACKUP_EXCLUDE: '\\#a,b #c' };
  expect(loadSettings(own)).toMatchObject({ preCommand: own.BACKUP_PRE_COMMAND });
});
