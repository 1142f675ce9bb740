/** The backup of the present state that a restore makes first. */
import {
  BackupError,
  type BackupPlan,
  type OperationContext,
  type RestoreRequest,
  toBackupError,
} from '@gofr-backup/model';
import { estimateSafetyBackup, hasFiles, type RoomFor } from '../recovery/index.ts';
import { type Repository, withheldDirectories } from '../repository/index.ts';
import { backup } from './backup.ts';

export function wantsSafetyBackup(request: RestoreRequest, plan: BackupPlan): boolean {
  const isWanted = request.safetyBackup !== false && request.to === undefined;
  return isWanted && hasFiles(plan, withheldDirectories(plan.backupDir));
}

/**
 * Makes the safety backup. It is never a hard link: the archive that is being restored must not also be the only copy
 * of the present state.
 */
export async function safetyBackup(ctx: OperationContext): Promise<string> {
  try {
    const plan = { ...ctx.plan, linkUnchanged: false };
    const { backup: saved } = await backup({ ...ctx, plan }, { trigger: 'pre-restore' });
    return saved.filename;
  } catch (error) {
    const { code, message, why, hint, details } = toBackupError(error, 'the safety backup');
    throw new BackupError(code, `The safety backup failed, nothing was restored: ${message}`, {
      why,
      hint: `${hint} Or restore without one: --no-safety-backup.`,
      details,
      cause: error,
    });
  }
}

export function noPlaceForSafety({ backupDir }: BackupPlan): BackupError {
  return new BackupError('IO', 'No safety backup can be made, so nothing was restored', {
    why: `${backupDir} is mounted read-only`,
    hint: 'Mount it writable, restore with --no-safety-backup, or elsewhere with --to DIR.',
  });
}

export async function roomForSafety(plan: BackupPlan, repository: Repository): Promise<RoomFor> {
  const catalogue = await repository.catalogue();
  const bytes = estimateSafetyBackup(plan, catalogue, withheldDirectories(plan.backupDir));
  return { purpose: 'the safety backup', directory: repository.backupDir, bytes };
}
