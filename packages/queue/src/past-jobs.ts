/**
 * Jobs that have ended, in a file of the state directory, a line each: for longer than Redis keeps them, and also those
 * that a command did by itself, without Redis. When the file is full it becomes the older one of two, and what the older
 * one held is forgotten.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureOwnDirectory, isOwnDirectory, stateDirOf } from '@gofr-backup/core';
import { readTextAt } from '@gofr-backup/posix';
import type { JobSummary } from './history.ts';

/** Bytes of one of the two files: some hundred jobs. */
const FULL = 256 << 10;
/** A result that makes its line longer is left out. */
const LONGEST = 16 << 10;
const MOST_TEXT = 4000;

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

/** `by`: who ran the command that did it by itself. */
export type PastJob = JobSummary & { finished: number; by?: string };

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

async function openToAppend(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error(`${path} is no regular file`);
}

function lineOf(job: PastJob): string {
  const { progress: _, due: __, result, error, ...facts } = job;
  const brief = error && {
    ...error,
    ...Object.fromEntries(
      (['message', 'why', 'hint'] as const).map((part) => [part, error[part].slice(0, MOST_TEXT)]),
    ),
  };
  const line = JSON.stringify({ ...facts, ...(brief && { error: brief }), result });
  return line.length <= LONGEST ? line : JSON.stringify({ ...facts, ...(brief && { error: brief }) });
}

/** Newest first, each once. What cannot be read, or is no such line, is left out. */
export async function pastJobs(place: JobsPlace): Promise<PastJob[]> {
  if (!(await isOwnDirectory(directoryIn(place)).catch(() => false))) return [];
  const texts = await Promise.all(
    [olderIn(place), pathIn(place)].map((path) => readTextAt(path, 2 * FULL).catch(() => undefined)),
  );
  const jobs = texts.flatMap((text) => (text ?? '').split('\n').flatMap(jobOf));
  return [...new Map(jobs.map((job) => [job.id, job])).values()].toSorted((a, b) => b.finished - a.finished);
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
