/**
 * How the last backup run ended, kept beside the lock: after a failed (or killed) one nothing is pruned until a run
 * succeeds again. Each prefix has its own: a run of one project says nothing about the data of another.
 */
import { join } from 'node:path';
import { type OperationContext, toBackupError } from '@gofr-backup/model';
import { isoUtc, parseObject, readUnlessClosed, writeAtomically } from '../repository/index.ts';

export interface LastRun {
  state: 'running' | 'done' | 'failed';
  /** ISO 8601 UTC */
  at: string;
  /** failed: the error's code and message */
  code?: string;
  message?: string;
}

export interface LastRunPlace {
  stateDir: string;
  prefix: string;
}
const pathIn = ({ stateDir, prefix }: LastRunPlace): string => join(stateDir, `last-run.${prefix}.json`);
/** Where older versions kept it, when a directory had one project. It counts until this project has run again. */
const sharedPath = ({ stateDir }: LastRunPlace): string => join(stateDir, 'last-run.json');

/** undefined: there was no run before, or its record cannot be read. */
export async function readLastRun(place: LastRunPlace): Promise<LastRun | undefined> {
  // A record that another user left counts as none; the next run replaces it.
  const [own, shared] = [await readUnlessClosed(pathIn(place)), await readUnlessClosed(sharedPath(place))];
  const run = parseObject(own.content ?? shared.content ?? '');
  const known =
    ['running', 'done', 'failed'].includes(String(run?.['state'])) && typeof run?.['at'] === 'string';
  return known ? (run as unknown as LastRun) : undefined;
}

export async function markRun(
  place: LastRunPlace,
  ctx: OperationContext,
  run: Omit<LastRun, 'at'>,
): Promise<void> {
  await writeAtomically(pathIn(place), JSON.stringify({ ...run, at: isoUtc(ctx.clock.now()) }));
}

/**
 * Runs one step of a backup and saves its records. A failure is remembered. A run that lost the lock proves nothing
 * about the data and is not remembered.
 */
export async function rememberFailure<T>(
  place: LastRunPlace & { save(): Promise<void> },
  ctx: OperationContext,
  step: () => Promise<T>,
): Promise<T> {
  try {
    const done = await step();
    await place.save();
    return done;
  } catch (error) {
    const { code, message } = toBackupError(error, 'backup');
    if (code !== 'BUSY')
      await markRun(place, ctx, { state: 'failed', code, message }).catch((failure: unknown) => {
        ctx.logger.warn({ error: String(failure) }, 'the failed run could not be recorded');
      });
    throw error;
  }
}
