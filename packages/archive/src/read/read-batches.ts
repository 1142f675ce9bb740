/** Frames that are read in batches, by threads or by this one alone. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Threads } from '../threads.ts';
import { frameReading, type ReadJob, type ReadResult, type ReadShared } from './read-jobs.ts';

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './read-worker.ts' : './read-worker.js',
  import.meta.url,
);

/** Starting threads takes longer than reading so many frames. */
const FEW_FRAMES = 8;
/**
 * Raw bytes of the frames in one batch for a thread. A batch saves messages. It also lets one thread make the files
 * of one directory, where two threads would wait for each other.
 */
export const BATCH_BYTES = 8 << 20;

/** The threads that read frames, or this one alone. */
export interface Readers extends AsyncDisposable {
  /** how many batches at once keep them busy */
  capacity: number;
  read(batch: ReadJob[]): Promise<ReadResult>;
}

export interface BatchedReads {
  signal: AbortSignal;
  done(result: ReadResult): void;
  /** hears every failure, frame by frame; absent: the first failure ends the reading */
  problem?(cause: unknown): void;
}

/** All threads; for a few frames this thread alone, because starting others takes longer. */
export function openReaders(
  shared: ReadShared,
  { frames, threads: count }: { frames: number; threads: number },
): Readers {
  if (frames <= FEW_FRAMES) {
    const read = frameReading(shared);
    return { capacity: 1, read: async (batch) => read(batch), [Symbol.asyncDispose]: async () => {} };
  }
  const threads = new Threads<ReadJob[], ReadResult>({ entry: WORKER, count, shared });
  return {
    capacity: threads.capacity,
    read: (batch) => threads.run(batch),
    [Symbol.asyncDispose]: () => threads.close(),
  };
}

/** `size`: the raw bytes of a job's frame; `fileBytes`: the size of a batch within one big file. */
export function* batchesOf(
  jobs: Iterable<ReadJob>,
  size: (job: ReadJob) => number,
  fileBytes: number,
): Generator<ReadJob[]> {
  let batch: ReadJob[] = [];
  let bytes = 0;
  for (const job of jobs) {
    const sameFile = job.slice !== undefined && job.slice.offset > 0;
    if (bytes >= (sameFile ? fileBytes : BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(job);
    bytes += size(job);
  }
  if (batch.length > 0) yield batch;
}

/** As many batches at once as keep the readers busy. */
export async function readBatches(
  { capacity, read }: Pick<Readers, 'capacity' | 'read'>,
  batches: Iterable<ReadJob[]>,
  how: BatchedReads,
): Promise<void> {
  await inParallel(batches, capacity, how.signal, async (batch) => {
    await pause(how.signal);
    await perform(batch, read, how);
  });
}

async function perform(
  batch: ReadJob[],
  read: (batch: ReadJob[]) => Promise<ReadResult>,
  { done, problem }: BatchedReads,
): Promise<void> {
  await read(batch).then(done, async (cause: unknown) => {
    if (problem === undefined) throw cause;
    if (batch.length === 1) return problem(cause);
    for (const job of batch) await read([job]).then(done, problem);
  });
}

/** Starts `perform` for every job, at most `limit` at a time. Rejects with the first failure, or when aborted. */
async function inParallel<Job>(
  jobs: Iterable<Job>,
  limit: number,
  signal: AbortSignal,
  perform: (job: Job) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const { promise: cancelled, reject } = Promise.withResolvers<never>();
  cancelled.catch(() => {});
  const cancel = (): void => reject(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    signal.throwIfAborted();
    for (const job of jobs) {
      const ended: Promise<void> = perform(job).finally(() => running.delete(ended));
      ended.catch(() => {});
      running.add(ended);
      if (running.size >= limit) await Promise.race([...running, cancelled]);
    }
    await Promise.race([Promise.all(running), cancelled]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Lets others have their turn. Throws when aborted. */
export async function pause(signal: AbortSignal): Promise<void> {
  await nextTurn();
  signal.throwIfAborted();
}
