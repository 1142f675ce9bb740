import { cron, cronOrOff } from '../cron.ts';
import { flag, zone } from '../kinds.ts';
import { setting } from '../setting.ts';

export const schedule = {
  enabled: setting({
    name: 'ENABLED',
    kind: flag,
    default: 'true',
    meaning: 'false: nothing is scheduled, the services stay up and say so; manual operations still work',
    example: 'false',
  }),
  schedule: setting({
    name: 'SCHEDULE',
    kind: cron,
    default: '0 2 * * *',
    meaning: 'when to back up: minute hour day month weekday, in TIMEZONE',
    example: '30 3 * * 1-5',
  }),
  timezone: setting({
    name: 'TIMEZONE',
    kind: zone,
    bare: 'TZ',
    default: 'UTC',
    defaultText: '`TZ`, else UTC',
    meaning: 'for the schedules, file names, weeks and months',
    example: 'Europe/Berlin',
  }),
  verifySchedule: setting({
    name: 'VERIFY_SCHEDULE',
    kind: cronOrOff,
    default: '0 5 * * *',
    meaning: 'when to read back the backup whose last verification is oldest; `off`: never',
    example: 'off',
  }),
  drillSchedule: setting({
    name: 'DRILL_SCHEDULE',
    kind: cronOrOff,
    default: '0 6 * * 0',
    meaning:
      'when to restore the newest backup into a scratch directory and compare every file; `off`: never',
    example: '0 6 1 * *',
  }),
  cleanupOnStart: setting({
    name: 'CLEANUP_ON_START',
    kind: flag,
    default: 'true',
    meaning: 'prune, and sweep what a killed run left behind, when the service starts',
    example: 'false',
  }),
};
