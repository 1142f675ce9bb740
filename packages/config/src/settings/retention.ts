import { byteCount, flag, wholeNumber } from '../kinds.ts';
import { setting } from '../setting.ts';

export const retention = {
  retentionDays: setting({
    name: 'RETENTION_DAYS',
    kind: wholeNumber(1, 36_500),
    default: '30',
    meaning: 'daily tier: older backups go',
    example: '14',
  }),
  maxCount: setting({
    name: 'MAX_COUNT',
    kind: wholeNumber(1, 1_000_000),
    default: '90',
    meaning: 'daily tier: more than this go, oldest first',
    example: '30',
  }),
  keepLast: setting({
    name: 'KEEP_LAST',
    kind: wholeNumber(0, 1_000_000),
    default: '3',
    meaning: 'the newest N good backups of each tier are never pruned, whatever their age',
    example: '7',
  }),
  enableWeekly: setting({
    name: 'ENABLE_WEEKLY',
    kind: flag,
    default: 'false',
    meaning: 'keep one per week, weeks beginning on Sunday',
    example: 'true',
  }),
  weeklyRetentionWeeks: setting({
    name: 'WEEKLY_RETENTION_WEEKS',
    kind: wholeNumber(1, 5_200),
    default: '8',
    meaning: 'weekly tier: older backups go',
    example: '12',
  }),
  enableMonthly: setting({
    name: 'ENABLE_MONTHLY',
    kind: flag,
    default: 'false',
    meaning: 'keep one per calendar month',
    example: 'true',
  }),
  monthlyRetentionMonths: setting({
    name: 'MONTHLY_RETENTION_MONTHS',
    kind: wholeNumber(1, 1_200),
    default: '12',
    meaning: 'monthly tier: older backups go',
    example: '24',
  }),
  anomalyPercent: setting({
    name: 'ANOMALY_PERCENT',
    kind: wholeNumber(0, 100),
    default: '50',
    meaning:
      'hold pruning when the newest backup shrank by this much against the median of the last seven, until ' +
      '`prune --force`; 0: never',
    example: '80',
  }),
  trashDays: setting({
    name: 'TRASH_DAYS',
    kind: wholeNumber(0, 3_650),
    default: '3',
    meaning:
      'days a pruned backup can still be brought back with `undelete`, while the disk has room for another backup; 0: no trash',
    example: '7',
  }),
  minFree: setting({
    name: 'MIN_FREE',
    kind: byteCount,
    default: '0',
    meaning: 'bytes a backup must leave free in BACKUP_DIR',
    example: '2GB',
  }),
};
