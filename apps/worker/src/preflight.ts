/**
 * Says at start which files this process may not read or write; otherwise only the first run would say so, at night.
 */
import { accessSync, constants, lstatSync } from 'node:fs';
import {
  type BackupPlan,
  type BytePath,
  displayPath,
  fsPath,
  isErrno,
  type Logger,
  toBytePath,
} from '@gofr-backup/model';
import { entriesBelow } from '@gofr-backup/posix';

/**
 * The most entries that are checked, because a start must not take longer for a large tree. The run itself finds the
 * rest.
 */
const LOOKED_AT = 5000;
const NAMED = 5;

export async function preflight(plan: BackupPlan, logger: Logger): Promise<void> {
  const uid = process.getuid?.();
  if (!mayWrite(plan.backupDir)) {
    const why =
      'backups cannot be written: give BACKUP_DIR to this uid (chown), or run as the uid that owns it (GOFR_UID)';
    logger.error({ backupDir: plan.backupDir, owner: ownerOf(toBytePath(plan.backupDir)), uid }, why);
  }
  const each = await Promise.all(plan.components.map(({ root }) => unreadableBelow(toBytePath(root))));
  const unreadable = each.flat();
  if (unreadable.length === 0) return;
  const [first = ''] = unreadable;
  logger.error(
    {
      files: unreadable.slice(0, NAMED).map(displayPath),
      more: Math.max(0, unreadable.length - NAMED),
      owner: ownerOf(first),
      uid,
    },
    'some files may not be read: run as the uid that owns them (GOFR_UID), or as root with only DAC_READ_SEARCH',
  );
}

export const mayWrite = (directory: string): boolean => may(toBytePath(directory), constants.W_OK);

/** A missing directory is reported by the run. */
async function unreadableBelow(root: BytePath): Promise<BytePath[]> {
  const unreadable: BytePath[] = [];
  const refused = (directory: BytePath, error: unknown): void => {
    if (isErrno(error, 'EACCES')) unreadable.push(directory);
  };
  let looked = 0;
  for await (const { path, entry } of entriesBelow(root, refused)) {
    if (++looked > LOOKED_AT) break;
    if (entry.isFile() && !may(path, constants.R_OK)) unreadable.push(path);
  }
  return unreadable;
}

/**
 * Only refusals are reported here. A file that is missing, or cannot be read for another reason, is reported by the
 * run.
 */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS'];

function may(path: BytePath, mode: number): boolean {
  try {
    accessSync(fsPath(path), mode);
    return true;
  } catch (error) {
    return !isErrno(error, ...REFUSALS);
  }
}

/** Undefined: it is gone, or what lies in its directory may only be listed. */
function ownerOf(path: BytePath): number | undefined {
  try {
    return lstatSync(fsPath(path)).uid;
  } catch {
    return undefined;
  }
}
