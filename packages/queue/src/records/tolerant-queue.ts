import { type Job, type JobSchedulerJson, type JobType, Queue, type QueueOptions } from 'bullmq';
import type { Logger } from '@gofr-backup/model';
import type { Connection } from '../connection.ts';
import { faultOfJob, faultOfScheduler, LARGEST_RECORD } from './fault.ts';

/** Schedulers beyond these are not read; ours are three. */
const MOST_SCHEDULERS = 100;
const MOST_FAULTS = 100;
/** A job keeps 2000 lines of log, each at most a few kilobytes. */
const LARGEST_LOG = 16 * 1024 * 1024;

const TYPES: JobType[] = ['active', 'waiting', 'delayed', 'prioritized', 'completed', 'failed'];

/**
 * A queue that reads around records it cannot use: each is left out and told once. With BullMQ's own one such record
 * fails every question about all jobs.
 */
export class TolerantQueue extends Queue {
  /** what could not be read: the record's name, and why */
  readonly faults = new Map<string, string>();
  readonly #client: Connection['client'];
  readonly #logger: Logger;

  constructor(name: string, options: QueueOptions, client: Connection['client'], logger: Logger) {
    super(name, options);
    this.#client = client;
    this.#logger = logger;
  }

  /** Undefined as well for a record that cannot be used. */
  override async getJob(id: string): Promise<Job | undefined> {
    const record = `job ${id.slice(0, 200)}`;
    return this.#orFault(record, async () => {
      if (await this.#isLarger(this.toKey(id), LARGEST_RECORD)) return this.#fault(record, 'is too large');
      const job = (await super.getJob(id)) as Job | undefined;
      const fault = job && faultOfJob(job);
      return fault === undefined ? job : this.#fault(record, fault);
    });
  }

  override async getJobs(types?: JobType[] | JobType, start = 0, end = -1, asc = false): Promise<Job[]> {
    const asked = types === undefined ? TYPES : [types].flat();
    const ids = new Set<string>();
    for (const type of asked) {
      const found = await this.#orFault(`list ${type}`, () => super.getRanges([type], start, end, asc));
      for (const id of found ?? []) ids.add(id);
    }
    const jobs = await Promise.all([...ids].map((id) => this.getJob(id)));
    return jobs.filter((job) => job !== undefined);
  }

  override async getJobCounts(...types: JobType[]): Promise<Record<string, number>> {
    try {
      return await super.getJobCounts(...types);
    } catch (error) {
      if (!isAnswer(error)) throw error;
    }
    const counts: Record<string, number> = {};
    for (const type of types.length === 0 ? TYPES : types)
      Object.assign(
        counts,
        (await this.#orFault(`list ${type}`, () => super.getJobCounts(type))) ?? { [type]: 0 },
      );
    return counts;
  }

  override async getJobState(id: string): ReturnType<Queue['getJobState']> {
    return (await this.#orFault('lists of jobs', () => super.getJobState(id))) ?? 'unknown';
  }

  override async getJobLogs(id: string, start?: number, end?: number, asc?: boolean) {
    const record = `log of ${id.slice(0, 200)}`;
    const found = await this.#orFault(record, async () =>
      (await this.#isLarger(this.toKey(`${id}:logs`), LARGEST_LOG))
        ? this.#fault(record, 'is too large')
        : super.getJobLogs(id, start, end, asc),
    );
    return found ?? { logs: [], count: 0 };
  }

  override async getJobSchedulers(): Promise<JobSchedulerJson[]> {
    const ids = await this.#orFault('list of schedules', () =>
      this.#client.zrange(this.toKey('repeat'), '0', String(MOST_SCHEDULERS - 1)),
    );
    const found = await Promise.all((ids ?? []).map((id) => this.getJobScheduler(id)));
    return found.filter((scheduler) => scheduler !== undefined);
  }

  override async getJobSchedulersCount(): Promise<number> {
    return (await this.#orFault('list of schedules', () => super.getJobSchedulersCount())) ?? 0;
  }

  override async isPaused(): Promise<boolean> {
    return (await this.#orFault('meta', () => super.isPaused())) ?? false;
  }

  override async getGlobalConcurrency(): Promise<number | null> {
    return (await this.#orFault('meta', () => super.getGlobalConcurrency())) ?? null;
  }

  override async getJobScheduler(id: string): Promise<JobSchedulerJson | undefined> {
    const record = `schedule ${id.slice(0, 200)}`;
    return this.#orFault(record, async () => {
      if (await this.#isLarger(this.toKey(`repeat:${id}`), LARGEST_RECORD))
        return this.#fault(record, 'is too large');
      const scheduler = await super.getJobScheduler(id);
      const fault = scheduler && faultOfScheduler(scheduler);
      return fault === undefined ? scheduler : this.#fault(record, fault);
    });
  }

  async #isLarger(key: string, bytes: number): Promise<boolean> {
    try {
      return ((await this.#client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0) > bytes;
    } catch (error) {
      // a Redis where the command is not allowed
      if (isAnswer(error)) return false;
      throw error;
    }
  }

  /** What Redis answers with an error, and what does not parse, is a fault; a lost connection is thrown. */
  async #orFault<T>(record: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isAnswer(error) && !isParsing(error)) throw error;
      return this.#fault(record, isAnswer(error) ? error.message.slice(0, 100) : 'does not parse');
    }
  }

  #fault(record: string, reason: string): undefined {
    if (this.faults.has(record) || this.faults.size >= MOST_FAULTS) return;
    this.faults.set(record, reason);
    this.#logger.warn(
      { queue: this.name, record, reason },
      'a record in Redis cannot be used and is left out',
    );
  }
}

const isAnswer = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** BullMQ parses in place; of a legacy repeatable job it says so itself. */
const isParsing = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  (error instanceof Error && /repeatable/i.test(error.message));
