/** Settles what a killed restore left behind. */
import { BackupError, type OperationContext, silentLogger } from '@gofr-backup/model';
import { findInterrupted, settle, type StepHook } from '../recovery/index.ts';
import { stateDirOf, withheldDirectories, withLock } from '../repository/index.ts';

export interface RecoverOutcome {
  finished: number;
  rolledBack: number;
  /** restores that were still staging: nothing had been touched */
  discarded: number;
  warnings: string[];
}

/**
 * Takes the lock only when there is something to settle. Does nothing when another operation holds the lock, because
 * that operation settles. It is cheap enough for every start. Throws PERMISSION when data lies between old and new
 * and this process may not settle it: such data must not be backed up.
 */
export async function recoverInterrupted(
  ctx: OperationContext,
  step: StepHook = () => {},
): Promise<RecoverOutcome> {
  const stateDir = stateDirOf(ctx.plan.backupDir);
  const outcome: RecoverOutcome = { finished: 0, rolledBack: 0, discarded: 0, warnings: [] };
  if (findInterrupted(ctx.plan, stateDir, ctx.logger).length === 0) return outcome;
  try {
    await withLock(stateDir, { owner: ctx.owner, operation: 'recovery', ports: ctx }, () =>
      settleAll(ctx, stateDir, outcome, step),
    );
  } catch (error) {
    if (!(error instanceof BackupError && error.code === 'BUSY')) throw error;
    ctx.logger.debug({ why: error.why }, 'a restore is under way: left to it');
  }
  return outcome;
}

async function settleAll(
  ctx: OperationContext,
  stateDir: string,
  outcome: RecoverOutcome,
  step: StepHook,
): Promise<void> {
  const { project, backupDir } = ctx.plan;
  const withheld = withheldDirectories(backupDir);
  for (const interrupted of findInterrupted(ctx.plan, stateDir, silentLogger)) {
    const result = await settle(interrupted, { project, stateDir, withheld }, ctx.logger, step);
    if (!result) continue;
    if (result.settled === 'finished') outcome.finished++;
    else if (result.settled === 'rolled back') outcome.rolledBack++;
    else outcome.discarded++;
    outcome.warnings.push(...result.warnings);
  }
}
