/** A job that fails by what it found has a result all the same: it lies with the job's data. */
import type { BackupError } from '@gofr-backup/model';
import { type JobName, JOBS, type Result } from './index.ts';

/** Beside the payload in a job's data. */
export const OUTCOME = 'outcome';

export function findingOf(name: JobName, result: Result<JobName>): BackupError | undefined {
  const { finding } = JOBS[name] as { finding?: (result: Result<JobName>) => BackupError | undefined };
  return finding?.(result);
}

/** The result of a job that failed by it; undefined when it failed in another way. */
export function foundResult(name: string, data: unknown): Result<JobName> | undefined {
  if (!Object.hasOwn(JOBS, name) || typeof data !== 'object' || data === null) return undefined;
  const parsed = JOBS[name as JobName].result.safeParse((data as Record<string, unknown>)[OUTCOME]);
  return parsed.success && findingOf(name as JobName, parsed.data) ? parsed.data : undefined;
}
