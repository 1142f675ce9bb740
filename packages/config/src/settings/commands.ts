import { anyText, duration } from '../kinds.ts';
import { optional, setting } from '../setting.ts';

const command = { ...anyText, allowed: 'a command for /bin/sh' };

export const commands = {
  preCommand: optional({
    name: 'PRE_COMMAND',
    kind: command,
    meaning:
      'run before the archive is made; a failing one fails the run. It gets PATH, HOME, LANG, TZ and GOFR_BACKUP_PROJECT, _DATA_DIR, _DIR, _TIER, _TRIGGER, and no setting',
    example: 'touch /data/storage/.paused',
  }),
  postCommand: optional({
    name: 'POST_COMMAND',
    kind: command,
    meaning:
      'run after the archive is made, whether that worked or not; it gets GOFR_BACKUP_RESULT (done or failed) and GOFR_BACKUP_FILE besides',
    example: 'rm -f /data/storage/.paused',
  }),
  commandTimeout: setting({
    name: 'COMMAND_TIMEOUT',
    kind: duration,
    default: '5m',
    meaning: 'how long either command may take before it is killed and counts as failed',
    example: '90s',
  }),
};
