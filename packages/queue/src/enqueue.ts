import { randomBytes } from 'node:crypto';
import type { Job } from 'bullmq';
import { z } from 'zod';
import { BackupError } from '@gofr-backup/model';
import { askRedis } from './connection.ts';
import { JOBS, type JobName, type Payload, type PayloadInput } from './jobs/index.ts';
import type { BackupQueue } from './queue.ts';

export interface EnqueuedJob<Name extends JobName = JobName> {
  id: string;
  name: Name;
  queue: BackupQueue;
  /** true: the same job waited or ran already, and this is its id */
  joined: boolean;
}

export interface EnqueueOptions {
  /** overrides the contract's */
  attempts?: number;
  /** ms before the second attempt */
  backoff?: number;
}

/** Throws USAGE for a payload that breaks the contract; REDIS_UNREACHABLE in `command` mode. */
export async function enqueue<Name extends JobName>(
  queue: BackupQueue,
  name: Name,
  input: PayloadInput<Name>,
  options: EnqueueOptions = {},
): Promise<EnqueuedJob<Name>> {
  const contract = JOBS[name];
  const payload = parsePayload(name, input);
  const key = deduplicationKey(name, payload);
  return askRedis(queue.connection, async () => {
    const scheduled = key === undefined ? undefined : await scheduledRun(queue, key);
    if (scheduled?.id) return { id: scheduled.id, name, queue, joined: true };
    const id = `${name}-${randomBytes(4).toString('hex')}`;
    const { backoff } = contract;
    const job = await queue.bull.add(name, payload, {
      jobId: id,
      attempts: options.attempts ?? contract.attempts,
      backoff: options.backoff === undefined ? backoff : { ...backoff, delay: options.backoff },
      ...(key === undefined ? {} : { deduplication: { id: key } }),
    });
    return { id: job.id ?? id, name, queue, joined: job.id !== id };
  });
}

/** The payload as the contract knows it, unknown fields left out; throws USAGE. */
export function parsePayload<Name extends JobName>(name: Name, input: unknown): Payload<Name> {
  const parsed = JOBS[name].payload.safeParse(input);
  if (parsed.success) return parsed.data as Payload<Name>;
  throw new BackupError('USAGE', `This is not a ${name} job`, { why: z.prettifyError(parsed.error) });
}

/** The key by which two jobs are the same; undefined: each is a job of its own. */
function deduplicationKey<Name extends JobName>(name: Name, payload: Payload<Name>): string | undefined {
  return (JOBS[name].deduplicationKey as (payload: Payload<Name>) => string | undefined)(payload);
}

/** Finds a scheduler's job with the same key, because BullMQ does not deduplicate against jobs of a job scheduler. */
async function scheduledRun({ bull }: BackupQueue, key: string): Promise<Job | undefined> {
  const jobs = (await bull.getJobs(['active', 'waiting', 'delayed'])) as (Job | undefined)[];
  return jobs.find((job) => {
    if (!job?.repeatJobKey || isDueLater(job) || !Object.hasOwn(JOBS, job.name)) return false;
    const name = job.name as JobName;
    const parsed = JOBS[name].payload.safeParse(job.data);
    return parsed.success && deduplicationKey(name, parsed.data as Payload<typeof name>) === key;
  });
}

/** Whether the job is a schedule's next run, and not a job that waits for another attempt. */
export const isDueLater = (job: Job): boolean => job.attemptsStarted === 0 && job.delay > 0;
