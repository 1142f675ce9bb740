/**
 * A few worker threads that each run one kind of job, synchronously, one at a time. A general pool does not do: here
 * a thread gets its next job while it still works on the one before, so it never waits for the main thread.
 */
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, type Transferable, Worker, workerData } from 'node:worker_threads';
import { BackupError, type ErrorCode, systemClock } from '@gofr-backup/model';
import { giveBackFreedMemory } from '@gofr-backup/posix';

/** Jobs that a thread holds: the present one and the next. */
const DEPTH = 2;

/** Threads are added when their jobs stood still for this share of so many milliseconds. */
const STANDSTILL = 0.5;
const OBSERVED_MS = 200;

/**
 * Megabytes for short-lived objects in each thread: what outlives a job is little, so collecting often costs nothing
 * that can be measured. Node's option --max-semi-space-size prevails over it, a third of this in each of three.
 */
const YOUNG_GENERATION_MB = 3;

export interface ThreadsOptions {
  /** the worker's entry: a module that calls serveJobs */
  entry: URL;
  count: number;
  /** threads are added, up to so many, while jobs wait and those at work wait for a slow file system; default: none */
  most?: number;
  /** told how many there are by then */
  grown?: (count: number) => void;
  /** 0-19; on Linux priority is per thread, and the I/O priority follows it */
  nice?: number | undefined;
  /** what every thread gets once, see serveJobs */
  shared?: unknown;
}

interface Pending {
  job: unknown;
  transfer: Transferable[];
  resolve: (result: never) => void;
  reject: (cause: unknown) => void;
}

type Answer = ({ result: unknown } | { failure: Failure }) & { stood: Standstill };

/** Milliseconds that a job took, and those of them in which its thread neither ran nor waited for a processor. */
interface Standstill {
  took: number;
  stood: number;
}
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
  readonly #options: ThreadsOptions;
  #observed: Standstill = { took: 0, stood: 0 };

  constructor(options: ThreadsOptions) {
    this.#options = options;
    giveBackFreedMemory();
    this.#workers = Array.from({ length: options.count }, () => this.#start());
  }

  #start(): { worker: Worker; running: Pending[] } {
    const { entry, nice, shared } = this.#options;
    const worker = new Worker(entry, {
      workerData: { nice, shared },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      // Node would warn of every descriptor that it did not open itself.
      trackUnmanagedFds: false,
    });
    const state = { worker, running: [] as Pending[] };
    worker.on('message', (answer: Answer) => this.#answered(state.running, answer));
    worker.on('error', (cause) => this.#die(cause instanceof Error ? cause : new Error(String(cause))));
    worker.on('exit', () => this.#die(new Error('a worker thread ended by itself')));
    return state;
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
    this.#observe(answer.stood);
    if ('result' in answer) pending?.resolve(answer.result as never);
    else pending?.reject(revive(answer.failure));
    this.#handOut();
  }

  /** Adds threads, half as many again, while those there are mostly stand still and more work waits. */
  #observe({ took, stood }: Standstill): void {
    const { count, most = count, grown } = this.#options;
    this.#observed.took += took;
    this.#observed.stood += stood;
    if (this.#observed.took < OBSERVED_MS * this.#workers.length) return;
    const slow = this.#observed.stood > STANDSTILL * this.#observed.took;
    this.#observed = { took: 0, stood: 0 };
    const busy = this.#workers.every(({ running }) => running.length > 0);
    if (!slow || !busy || this.#waiting.length === 0 || this.#dead !== undefined) return;
    const more = Math.min(most - this.#workers.length, Math.ceil(this.#workers.length / 2));
    for (let n = 0; n < more; n++) this.#workers.push(this.#start());
    if (more > 0) grown?.(this.#workers.length);
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
  const observe = observer();
  parentPort!.on('message', (job: Job) => {
    const stood = observe();
    try {
      const { result, transfer } = work(job);
      parentPort!.postMessage({ result, stood: stood() } satisfies Answer, transfer ?? []);
    } catch (thrown) {
      parentPort!.postMessage({ failure: failureOf(thrown), stood: stood() } satisfies Answer);
    }
  });
}

/** Asking the kernel costs as much as a small file does: of short jobs one in so many is observed. */
const OBSERVED_JOBS = 8;
const SHORT_MS = 20;
const NOT_OBSERVED: Standstill = { took: 0, stood: 0 };

/** Called at the start of a job; what it answers, at the end. */
function observer(): () => () => Standstill {
  let skipped = OBSERVED_JOBS;
  return () => {
    if (++skipped < OBSERVED_JOBS) return () => NOT_OBSERVED;
    const stood = standstill();
    return () => {
      const observed = stood();
      skipped = observed.took < SHORT_MS ? 0 : OBSERVED_JOBS;
      return observed;
    };
  };
}

/** From now on. Waiting for a processor, on a busy machine, is no standstill: more threads would not help. */
function standstill(): () => Standstill {
  const start = systemClock.monotonic();
  const before = scheduledMs();
  return () => {
    const took = systemClock.monotonic() - start;
    const after = scheduledMs();
    const stood = before === undefined || after === undefined ? 0 : took - (after - before);
    return { took, stood: Math.max(0, stood) };
  };
}

/** Milliseconds that this thread has run, or waited for a processor (schedstat, proc(5)); undefined where it is not told. */
function scheduledMs(): number | undefined {
  try {
    const [ran, waited] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return Number(ran) > 0 ? (Number(ran) + Number(waited)) / 1e6 : undefined;
  } catch {
    return undefined;
  }
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
