import { directories, directory, matching } from '../kinds.ts';
import { redisUrl } from '../redis-url.ts';
import { optional, SERVICES, setting } from '../setting.ts';

export const places = {
  dataDir: setting({
    name: 'DATA_DIR',
    kind: directory,
    default: '/data',
    meaning: 'what to back up; may be mounted read-only',
    example: '/srv/plot/data',
  }),
  logsDir: setting({
    name: 'LOGS_DIR',
    kind: directory,
    default: '/logs',
    meaning: 'the logs component',
    example: '/srv/plot/logs',
  }),
  backupDir: setting({
    name: 'BACKUP_DIR',
    kind: directory,
    bare: 'BACKUP_DIR',
    default: '/backups',
    meaning: 'where backups are kept; left out by itself when it lies inside a component',
    example: '/mnt/backups/plot',
  }),
  keyDir: optional({
    name: 'KEY_DIR',
    kind: directory,
    defaultText: '`.gofr-backup` in BACKUP_DIR',
    meaning:
      'where the keys lie that sign requests in the queue (`requests.key`) and records of backups; elsewhere than in BACKUP_DIR, whoever may write there cannot sign',
    example: '/var/lib/gofr-backup',
  }),
  prefix: setting({
    name: 'PREFIX',
    kind: matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'letters, digits, dot, dash and underscore'),
    default: ({ project }) => `gofr-${project}`,
    defaultText: '`gofr-<project>`',
    meaning: 'first part of file names; of backups in BACKUP_DIR, those of another prefix are never touched',
    example: 'gofr',
  }),
  restoreRoots: setting({
    name: 'RESTORE_ROOTS',
    kind: directories,
    default: '',
    defaultText: 'none: only components',
    meaning:
      'directories that `restore --to` may reach through the queue; the command line restores anywhere else by itself, without the queue',
    example: '/srv/restored,/mnt/scratch',
  }),
  redisUrl: optional({
    name: 'REDIS_URL',
    kind: redisUrl,
    usedBy: SERVICES,
    secret: 'url',
    meaning: 'the queue, with user, password and database; unset: a private embedded Redis',
    example: 'redis://:password@redis:6379/0',
  }),
};
