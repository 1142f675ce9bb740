/**
 * A few worker threads that each run one kind of job, synchronously, one at a time. A general pool does not do: here
 * a thread gets its next job while it still works on the one before, so it never waits for the main thread.
 */
import { setPriority } from 'node:os';
import { parentPort, type Transferable, Worker, workerData } from 'node:worker_threads';
import { BackupError, type ErrorCode } from '@gofr-backup/model';

/** Jobs that a thread holds: the present one and the next. */
const DEPTH = 2;

export interface ThreadsOptions {
  /** the worker's entry: a module that calls serveJobs */
  entry: URL;
  count: number;
  /** 0-19; on Linux priority is per thread, and the I/O priority follows it */
  nice?: number | undefined;
  /** what every thread gets once, see serveJobs */
  shared?: unknown;
  /** megabytes for short-lived objects in each thread; a collection runs when they are full */
  youngGenerationMb?: number;
}

interface Pending {
  job: unknown;
  transfer: Transferable[];
  resolve: (result: never) => void;
  reject: (cause: unknown) => void;
}

type Answer = { result: unknown } | { failure: Failure };
interface Failure {
  message: string;
  code?: string;
  backup?: { code: ErrorCode; why: string; hint: string; details: Record<string, unknown> };
}

/** Results come in any order; a job that throws rejects its own promise, a thread that dies rejects all. */
export class Threads<Job, Result> {
  #workers: { worker: Worker; running: Pending[] }[];
  #waiting: Pending[] = [];
  #urgent: Pending[] = [];
  #dead: Error | undefined;

  constructor({ entry, count, nice, shared, youngGenerationMb = 8 }: ThreadsOptions) {
    this.#workers = Array.from({ length: count }, () => {
      const worker = new Worker(entry, {
        workerData: { nice, shared },
        resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
        // Node would warn of every descriptor that it did not open itself.
        trackUnmanagedFds: false,
      });
      const state = { worker, running: [] as Pending[] };
      worker.on('message', (answer: Answer) => this.#answered(state.running, answer));
      worker.on('error', (cause) => this.#die(cause instanceof Error ? cause : new Error(String(cause))));
      worker.on('exit', () => this.#die(new Error('a worker thread ended by itself')));
      return state;
    });
  }

  /** How many jobs keep the threads busy. A caller that has handed out so many should wait. */
  get capacity(): number {
    return this.#workers.length * DEPTH;
  }

  run(job: Job, transfer: Transferable[] = []): Promise<Result> {
    return this.#queue(this.#waiting, job, transfer);
  }

  /** As `run`, but before jobs that wait. */
  runSoon(job: Job): Promise<Result> {
    return this.#queue(this.#urgent, job, []);
  }

  /** As `run`, but on the first thread, in the order of the calls, and before jobs that wait. */
  runInOrder(job: Job): Promise<Result> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      const { worker, running } = this.#workers[0]!;
      running.push({ job, transfer: [], resolve: resolve as Pending['resolve'], reject });
      worker.postMessage(job);
    });
  }

  /** Ends the threads; what still runs is rejected. */
  async close(): Promise<void> {
    this.#die(new Error('the threads were closed'));
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #queue(queue: Pending[], job: Job, transfer: Transferable[]): Promise<Result> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      queue.push({ job, transfer, resolve: resolve as Pending['resolve'], reject });
      this.#handOut();
    });
  }

  #handOut(): void {
    while (this.#urgent.length + this.#waiting.length > 0) {
      const least = this.#workers.reduce((a, b) => (b.running.length < a.running.length ? b : a));
      if (least.running.length >= DEPTH) return;
      const next = (this.#urgent.shift() ?? this.#waiting.shift())!;
      least.running.push(next);
      least.worker.postMessage(next.job, next.transfer);
    }
  }

  #answered(running: Pending[], answer: Answer): void {
    const pending = running.shift();
    if ('result' in answer) pending?.resolve(answer.result as never);
    else pending?.reject(revive(answer.failure));
    this.#handOut();
  }

  #die(cause: Error): void {
    this.#dead ??= cause;
    const held = this.#workers.flatMap(({ running }) => running.splice(0));
    const lost = [...held, ...this.#urgent.splice(0), ...this.#waiting.splice(0)];
    for (const { reject } of lost) reject(this.#dead);
  }
}

/** Called once by a worker's entry module: answers every job with what `make(shared)` returns for it. */
export function serveJobs<Shared, Job, Result>(
  make: (shared: Shared) => (job: Job) => { result: Result; transfer?: Transferable[] },
): void {
  const { nice, shared } = workerData as { nice: number | undefined; shared: Shared };
  if (nice !== undefined && nice > 0) lowerPriority(nice);
  const work = make(shared);
  parentPort!.on('message', (job: Job) => {
    try {
      const { result, transfer } = work(job);
      parentPort!.postMessage({ result } satisfies Answer, transfer ?? []);
    } catch (thrown) {
      parentPort!.postMessage({ failure: failureOf(thrown) } satisfies Answer);
    }
  });
}

/** A container may forbid it. The work then runs at ordinary priority. */
function lowerPriority(nice: number): void {
  try {
    setPriority(0, nice);
  } catch {}
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof BackupError) {
    const { code, message, why, hint, details } = thrown;
    return { message, backup: { code, why, hint, details } };
  }
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  return { message: thrown.message, ...('code' in thrown ? { code: String(thrown.code) } : {}) };
}

function revive({ message, code, backup }: Failure): Error {
  if (backup !== undefined) return new BackupError(backup.code, message, backup);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
