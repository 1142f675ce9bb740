/**
 * Jobs that have ended, in a file of the state directory, a line each: for longer than Redis keeps them, and also those
 * that a command did by itself, without Redis. When the file is full it becomes the older one of two, and what the older
 * one held is forgotten.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ensureOwnDirectory, isOwnDirectory, stateDirOf } from '@gofr-backup/core';
import { openToAppend, readTextAt } from '@gofr-backup/posix';
import { brief, type JobSummary, newestFirst } from './job-summary.ts';

/** Bytes of one of the two files: some hundred jobs. */
const FULL = 256 << 10;
/** A result that makes its line longer is left out. */
const LONGEST = 16 << 10;

/** Whoever writes to BACKUP_DIR can write such lines, so a page escapes them and nothing is decided by them. */
const pastJob = z.object({
  id: z.string().min(1).max(200),
  name: z.string().max(40),
  state: z.enum(['completed', 'failed']),
  payload: z.unknown(),
  scheduled: z.boolean(),
  attempt: z.number().int().min(0),
  created: z.number(),
  started: z.number().optional(),
  finished: z.number(),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), why: z.string(), hint: z.string() })
    .partial({ why: true, hint: true })
    .transform(({ why = '', hint = '', ...error }) => ({ ...error, why, hint }))
    .optional(),
  by: z.string().max(100).optional(),
});

export type PastJob = JobSummary & { finished: number };

export interface JobsPlace {
  backupDir: string;
  project: string;
}

const directoryIn = ({ backupDir }: JobsPlace): string => join(stateDirOf(backupDir), 'jobs');
const pathIn = (place: JobsPlace): string => join(directoryIn(place), `${place.project}.jsonl`);
const olderIn = (place: JobsPlace): string => `${pathIn(place)}.1`;

/** Throws as the directory does: a job is done whether or not it is remembered. */
export async function rememberJob(place: JobsPlace, job: PastJob): Promise<void> {
  await ensureOwnDirectory(stateDirOf(place.backupDir));
  await ensureOwnDirectory(directoryIn(place), 0o700);
  await using file = await openToAppend(pathIn(place));
  // A line that was cut short by a crash ends here, and is left out by whoever reads.
  await file.appendFile(`\n${lineOf(job)}\n`);
  const { size } = await file.stat();
  if (size > FULL) await rename(pathIn(place), olderIn(place));
}

function lineOf({ progress: _, due: __, error, ...job }: PastJob): string {
  const { code, ...texts } = error ?? { code: '', message: '', why: '', hint: '' };
  const whole = { ...job, ...(error && { error: { code, ...brief(texts) } }) };
  const line = JSON.stringify(whole);
  return line.length <= LONGEST ? line : JSON.stringify({ ...whole, result: undefined });
}

/** Newest first, each once. What cannot be read, or is no such line, is left out. */
export async function pastJobs(place: JobsPlace): Promise<PastJob[]> {
  if (!(await isOwnDirectory(directoryIn(place)).catch(() => false))) return [];
  const texts = await Promise.all(
    [olderIn(place), pathIn(place)].map((path) => readTextAt(path, 2 * FULL).catch(() => undefined)),
  );
  const jobs = texts.flatMap((text) => (text ?? '').split('\n').flatMap(jobOf));
  return [...new Map(jobs.map((job) => [job.id, job])).values()].toSorted(newestFirst);
}

function jobOf(line: string): PastJob[] {
  if (line === '') return [];
  try {
    const { data } = pastJob.safeParse(JSON.parse(line));
    return data ? [data as PastJob] : [];
  } catch {
    return [];
  }
}

/** With those that the queue does not know (any more), newest first. What the queue says of a job counts. */
export async function withPastJobs(
  place: JobsPlace,
  known: readonly JobSummary[],
  limit: number,
): Promise<JobSummary[]> {
  const ids = new Set(known.map(({ id }) => id));
  const past = (await pastJobs(place)).filter(({ id }) => !ids.has(id));
  return [...known, ...past].toSorted(newestFirst).slice(0, limit);
}
