import {
  archiveStep,
  list,
  promoteStep,
  prune,
  show,
  toBackupError,
  verifyStep,
  type CatalogueEntry,
  type OperationContext,
} from '@gofr-backup/core';
import { BACKUP_STEPS, type BackupStep, type Processor, type Run } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

/**
 * One job, four steps, each of which may run twice. Where it has got to is kept with the job, so a retry, and a job
 * taken up after its worker died, goes on at the step that did not end.
 */
export const backup =
  (composition: Composition): Processor<'backup'> =>
  async (run) => {
    try {
      return await runSteps(composition, run);
    } catch (error) {
      const { code } = toBackupError(error, 'backup');
      // nothing may go while it is not known that something good came in its place
      if (code !== 'BUSY') run.logger.warn({ code }, 'pruning is left out, because this run failed');
      throw error;
    }
  };

const runSteps = async (composition: Composition, run: Run<'backup'>): ReturnType<Processor<'backup'>> => {
  const ctx = contextOf(composition, run);
  const { tier, trigger, resume } = run.payload;
  const isDue = (step: BackupStep): boolean =>
    BACKUP_STEPS.indexOf(step) >= BACKUP_STEPS.indexOf(resume?.step ?? 'archive');
  const reach = (step: BackupStep, filename: string, promoted: string[] = []): Promise<void> =>
    run.save({ tier, trigger, resume: { step, filename, promoted } });

  if (resume)
    run.logger.info({ step: resume.step, backup: resume.filename }, 'backup goes on where it stopped');
  const { filename } = resume ?? (await archiveStep(ctx, { tier, trigger, run: run.jobId }));
  if (isDue('verify')) {
    await reach('verify', filename);
    await verifyStep(ctx, filename);
  }
  let promoted = await stillThere(ctx, resume?.promoted ?? []);
  if (isDue('promote')) {
    await reach('promote', filename);
    promoted = await promoteStep(ctx, filename);
    await reach(
      'prune',
      filename,
      promoted.map((entry) => entry.filename),
    );
  }
  const pruned = await prune(ctx, { dryRun: false });
  return { backup: await show(ctx, filename), promoted, pruned };
};

/** Between two attempts anybody may have removed a copy: that is no reason not to prune. */
async function stillThere(ctx: OperationContext, names: string[]): Promise<CatalogueEntry[]> {
  const { backups } = await list(ctx);
  return backups.filter(({ filename }) => names.includes(filename));
}
