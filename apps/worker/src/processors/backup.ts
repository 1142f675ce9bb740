import { archiveStep, promoteStep, prune, type Repository, underLock, verifyStep } from '@gofr-backup/core';
import {
  BACKUP_PHASES,
  type BackupPhase,
  type OperationContext,
  type PruneOutcome,
  toBackupError,
} from '@gofr-backup/model';
import { type Processor, type Run, within } from '@gofr-backup/queue';
import { contextOf, type Composition } from '../composition.ts';

/**
 * One job, four phases, each of which may run twice. Where it has got to is kept with the job, so a retry, and a job
 * taken up after its worker died, goes on at the phase that did not end. One attempt holds the lock once, over all its
 * steps: nothing comes between them, and the catalogue is read once.
 */
export const backup =
  (composition: Composition): Processor<'backup'> =>
  async (run) => {
    try {
      const ctx = contextOf(composition, run);
      return await underLock(ctx, 'backup', (repository, inner) => runSteps(inner, repository, run));
    } catch (error) {
      const { code } = toBackupError(error, 'backup');
      // Nothing is pruned until a good backup has come in its place.
      if (code !== 'BUSY') run.logger.warn({ code }, 'pruning is left out, because this run failed');
      throw error;
    }
  };

const runSteps = async (
  ctx: OperationContext,
  repository: Repository,
  run: Run<'backup'>,
): ReturnType<Processor<'backup'>> => {
  const { tier, trigger, resume } = run.payload;
  const isDue = (step: BackupPhase): boolean =>
    BACKUP_PHASES.indexOf(step) >= BACKUP_PHASES.indexOf(resume?.step ?? 'archive');

  if (resume)
    run.logger.info({ step: resume.step, backup: resume.filename }, 'backup goes on where it stopped');
  const { filename } = resume ?? (await archiveStep(ctx, { tier, trigger, run: run.jobId }));
  if (isDue('verify')) {
    await reach(run, { step: 'verify', filename });
    await verifyStep(ctx, filename);
  }
  let names = resume?.promoted ?? [];
  if (isDue('promote')) {
    await reach(run, { step: 'promote', filename });
    names = (await promoteStep(ctx, filename)).map((entry) => entry.filename);
    await reach(run, { step: 'prune', filename, promoted: names });
  }
  // A copy may have been removed between two attempts. That is no reason not to prune.
  const promoted = (await repository.catalogue()).filter((entry) => names.includes(entry.filename));
  const pruned = removalsOf(await prune(ctx, { dryRun: false }));
  return { backup: await repository.find(filename), promoted, pruned };
};

/**
 * Only the removals of a prune: the result stays in Redis as long as the job, and thousands of kept backups are no
 * news.
 */
const removalsOf = (pruned: PruneOutcome): PruneOutcome => ({
  ...pruned,
  decisions: pruned.decisions.filter(({ action }) => action === 'remove'),
});

/** The lock is held meanwhile, and others wait for it; milliseconds. */
const REDIS_MAY_TAKE = 2000;

/** Saves the step with the job. It does not wait for a Redis that is away, because a step may run twice. */
async function reach(
  { payload: { tier, trigger }, save, logger }: Run<'backup'>,
  resume: NonNullable<Run<'backup'>['payload']['resume']>,
): Promise<void> {
  const saving = save({ tier, trigger, resume });
  if (!(await within(REDIS_MAY_TAKE, saving)))
    logger.warn({ step: resume.step }, 'Redis does not answer: the backup goes on without it');
}
