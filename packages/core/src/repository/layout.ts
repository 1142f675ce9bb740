/** Where things lie below BACKUP_DIR. */
import { join } from 'node:path';
import type { Tier } from '@gofr-backup/model';

export const MANIFEST = 'manifest.json';
export const STATE_DIR = '.gofr-backup';
export const TRASH_DIR = 'trash';
export const LOCK_FILE = 'lock';
/** Copies made for one operation; emptied by the next. */
export const SCRATCH_DIR = 'scratch';
export const TEMPORARY = '.tmp-';

/** The sidecars of an archive, in the order in which a commit makes them. */
export const SIDECARS = ['.sha256', '.idx', '.json'] as const;
export type Sidecar = (typeof SIDECARS)[number];

export const manifestPath = (backupDir: string): string => join(backupDir, MANIFEST);
export const stateDirOf = (backupDir: string): string => join(backupDir, STATE_DIR);
export const trashDirOf = (backupDir: string): string => join(stateDirOf(backupDir), TRASH_DIR);
export const tierDir = (backupDir: string, tier: Tier): string => join(backupDir, tier);
export const temporaryName = (random: string, finalName: string): string =>
  `${TEMPORARY}${random}-${finalName}`;
