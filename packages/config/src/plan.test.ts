import { expect, test } from 'vitest';
import { loadSettings } from './load.ts';
import { planFrom } from './plan.ts';

test('gzip is made by the engine of our own unless the setting says otherwise', () => {
  expect(planFrom(loadSettings({})).codec).toEqual({ name: 'gzip', level: 6, engine: 'own' });
});

test('tiers that are off and limits that are unset are absent', () => {
  const plan = planFrom(loadSettings({ BACKUP_READ_RATE: '0' }));
  expect(plan.retention).not.toHaveProperty('weeklyWeeks');
  expect(plan.retention).not.toHaveProperty('monthlyMonths');
  expect(plan).not.toHaveProperty('readRate');
  expect(plan).not.toHaveProperty('preCommand');
});

test('settings arrive in the terms of the core', () => {
  const plan = planFrom(
    loadSettings({
      ...{
        BACKUP_ENABLE_WEEKLY: 'on',
        BACKUP_WEEKLY_RETENTION_WEEKS: '4',
        BACKUP_VERIFY_AFTER_BACKUP: 'off',
      },
      ...{ BACKUP_READ_RATE: '10MB', BACKUP_MIN_FREE: '1G', BACKUP_COMPRESSION: 'xz', TZ: 'Europe/Berlin' },
      ...{ BACKUP_ENGINE_CODEC: 'zlib', BACKUP_PRE_COMMAND: 'true', BACKUP_COMMAND_TIMEOUT: '10s' },
    }),
  );
  expect(plan).toMatchObject({
    ...{
      codec: { name: 'xz', level: 6, engine: 'zlib' },
      readRate: 10_485_760,
      minFree: 2 ** 30,
      verifyAfterBackup: false,
    },
    ...{ preCommand: 'true', commandTimeout: 10_000, timezone: 'Europe/Berlin' },
    retention: { weeklyWeeks: 4, timezone: 'Europe/Berlin', unverifiedIsGood: true },
  });
});
