/** Why a job may not begin. */
import { BackupError } from '@gofr-backup/model';
import type { JobName } from '../jobs/index.ts';

export const ASK_WITH_KEY =
  'Give the command where BACKUP_DIR (or KEY_DIR) of the worker is mounted, as the user of the worker.';

export const unsigned = (name: JobName): BackupError =>
  new BackupError('PERMISSION', `The ${name} was not asked for with the key of this installation`, {
    why: 'it overwrites or deletes, and whoever can write to Redis can have put it there',
    hint: ASK_WITH_KEY,
  });

export const again = (name: JobName): BackupError =>
  new BackupError('PERMISSION', `This ${name} was carried out before`, {
    why: 'a signed request counts once, and a job with its id has ended',
    hint: 'Give the command again if it is still wanted; a job of the past cannot be run again.',
  });

export const stale = (name: JobName, age: number): BackupError =>
  new BackupError('PERMISSION', `The request for this ${name} is too ${age < 0 ? 'new' : 'old'}`, {
    why:
      age < 0
        ? 'it was signed in the future: the clocks of the two hosts differ'
        : 'it was signed more than a day ago, and data may be newer now',
    hint: 'Give the command again if it is still wanted.',
  });

export const secondLife = (name: JobName): BackupError =>
  new BackupError('CANCELLED', `The ${name} ended with its worker`, {
    why: 'Its worker was killed or cut off while it ran; it is not begun anew by itself, because data may be newer now.',
    hint: 'The data is the old or the new as a whole. Look at it, and give the command again if it is still wanted.',
  });
