/**
 * Says at start which files this process may not read or write; otherwise only the first run would say so, at night.
 */
import { accessSync, constants, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupPlan, isErrno, type Logger } from '@gofr-backup/model';

/**
 * The most entries that are checked, because a start must not take longer for a large tree. The run itself finds the
 * rest.
 */
const LOOKED_AT = 5000;
const NAMED = 5;

export function preflight(plan: BackupPlan, logger: Logger): void {
  const uid = process.getuid?.();
  if (!mayWrite(plan.backupDir)) {
    const why =
      'backups cannot be written: give BACKUP_DIR to this uid (chown), or run as the uid that owns it (GOFR_UID)';
    logger.error({ backupDir: plan.backupDir, owner: ownerOf(plan.backupDir), uid }, why);
  }
  const unreadable = plan.components.flatMap(({ root }) => unreadableBelow(root));
  if (unreadable.length === 0) return;
  const [first = ''] = unreadable;
  logger.error(
    {
      files: unreadable.slice(0, NAMED),
      more: Math.max(0, unreadable.length - NAMED),
      owner: ownerOf(first),
      uid,
    },
    'some files may not be read: run as the uid that owns them (GOFR_UID), or as root with only DAC_READ_SEARCH',
  );
}

export const mayWrite = (directory: string): boolean => may(directory, constants.W_OK);

function unreadableBelow(root: string): string[] {
  const unreadable: string[] = [];
  const waiting = [root];
  for (let looked = 0; waiting.length > 0 && looked < LOOKED_AT;) {
    const directory = waiting.shift() ?? '';
    for (const entry of entriesOf(directory, unreadable)) {
      looked += 1;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() && !may(path, constants.R_OK)) unreadable.push(path);
    }
  }
  return unreadable;
}

/**
 * The names in a directory. A directory that may not be listed counts as unreadable itself. A missing one is reported
 * by the run.
 */
function entriesOf(directory: string, unreadable: string[]) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isErrno(error, 'EACCES')) unreadable.push(directory);
    return [];
  }
}

/**
 * Only refusals are reported here. A file that is missing, or cannot be read for another reason, is reported by the
 * run.
 */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS'];

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch (error) {
    return !isErrno(error, ...REFUSALS);
  }
}

function ownerOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.uid;
}
