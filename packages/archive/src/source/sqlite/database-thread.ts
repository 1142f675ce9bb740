/** The other side of the database worker: one job at a time, ended by a signal. */
import { Worker } from 'node:worker_threads';
import type { BytePath } from '@gofr-backup/model';
import type { CopyOutcome, IntegrityFinding } from './copy.ts';
import type { DatabaseJob } from './database-worker.ts';

const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? './database-worker.ts' : './database-worker.js',
  import.meta.url,
);

export class DatabaseThread {
  readonly #worker = new Worker(ENTRY);
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    // Without a listener, an end of the thread between two jobs would be an uncaught error.
    this.#worker.on('error', () => {});
  }

  copy(source: BytePath, destination: string): Promise<CopyOutcome> {
    return this.#run({ kind: 'copy', source, destination });
  }

  /** undefined when the database is whole. Only for copies, because it opens the database writable. */
  check(path: BytePath): Promise<IntegrityFinding | undefined> {
    return this.#run({ kind: 'check', path });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #run<T>(job: DatabaseJob): Promise<T> {
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onMessage = (message: { result: T } | { failure: string }) =>
      'failure' in message ? reject(new Error(message.failure)) : resolve(message.result);
    const onExit = () => reject(new Error('the database thread ended'));
    const onAbort = () => {
      reject(this.#signal.reason);
      void worker.terminate();
    };
    if (this.#signal.aborted) return Promise.reject(this.#signal.reason);
    worker.once('message', onMessage).once('error', reject).once('exit', onExit);
    this.#signal.addEventListener('abort', onAbort, { once: true });
    worker.postMessage(job);
    return promise.finally(() => {
      worker.off('message', onMessage).off('error', reject).off('exit', onExit);
      this.#signal.removeEventListener('abort', onAbort);
    });
  }
}
