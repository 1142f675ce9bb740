import { randomBytes } from 'node:crypto';
import type { Job } from 'bullmq';
import { BackupError, systemClock } from '@gofr-backup/model';
import { askRedis } from './connection.ts';
import { JOBS, type JobName, type Payload, type PayloadInput, queueOf } from './jobs/index.ts';
import { deduplicationKey, parsePayload, withoutSignature } from './jobs/payload.ts';
import type { BackupQueue } from './queue.ts';
import { ASK_WITH_KEY } from './requests/refusals.ts';
import { sign, type Signature } from './requests/signature.ts';

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

/** Its name says in which queue it waits. */
export const newJobId = (name: JobName): string => `${name}-${randomBytes(4).toString('hex')}`;

/**
 * Throws USAGE for a payload that breaks the contract, PERMISSION for one that needs a key where there is none;
 * REDIS_UNREACHABLE in `command` mode.
 */
export async function enqueue<Name extends JobName>(
  queue: BackupQueue,
  name: Name,
  input: PayloadInput<Name>,
  options: EnqueueOptions = {},
): Promise<EnqueuedJob<Name>> {
  const contract = JOBS[name];
  if (queueOf(name) !== queue.kind)
    throw new TypeError(`a ${name} does not wait in the queue of ${queue.kind}`);
  const payload = parsePayload(name, input);
  const key = deduplicationKey(name, payload);
  return askRedis(queue.connection, async () => {
    const scheduled = key === undefined ? undefined : await scheduledRun(queue, key);
    if (scheduled?.id) return { id: scheduled.id, name, queue, joined: true };
    if (key !== undefined) await forgetLost(queue, key);
    const id = newJobId(name);
    const { backoff } = contract;
    const signature = await signatureFor(queue, { name, id, payload });
    const job = await queue.bull.add(name, signature ? { ...payload, signature } : payload, {
      jobId: id,
      attempts: options.attempts ?? contract.attempts,
      backoff: options.backoff === undefined ? backoff : { ...backoff, delay: options.backoff },
      ...(key === undefined ? {} : { deduplication: { id: key } }),
    });
    return { id: job.id ?? id, name, queue, joined: job.id !== id };
  });
}

/**
 * A key that another job holds without waiting, running or having ended, as an addition leaves it that Redis gave up
 * halfway: nothing would ever end that job.
 */
async function forgetLost({ bull }: BackupQueue, key: string): Promise<void> {
  const holder = await bull.getDeduplicationJobId(key);
  if (holder && (await bull.getJobState(holder)) === 'unknown') await bull.removeDeduplicationKey(key);
}

async function signatureFor<Name extends JobName>(
  { project, key }: BackupQueue,
  { name, id, payload }: { name: Name; id: string; payload: Payload<Name> },
): Promise<Signature | undefined> {
  const needed = withoutSignature(name, payload) === undefined;
  const known = await key().catch((error: unknown) => {
    if (needed) throw error;
    return undefined;
  });
  if (known) return sign(known, { project, name, id, payload }, systemClock.now());
  if (!needed) return undefined;
  throw new BackupError('PERMISSION', `The ${name} cannot be asked for here`, {
    why: 'it overwrites or deletes, so the request has to be signed, and there is no key here',
    hint: ASK_WITH_KEY,
  });
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
