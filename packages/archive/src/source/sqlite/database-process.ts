/**
 * The other side of the databases' child process. It is started for the first job, does one at a time, and is killed by
 * the signal, and when a job takes longer than a database of its size may. The next job starts another.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type BytePath, systemClock } from '@gofr-backup/model';
import type { Bounds } from './bounds.ts';
import { apparentSize, diskUsage } from './companions.ts';
import type { DatabaseJob } from './database-jobs.ts';
import type { IntegrityFinding } from './integrity.ts';

export interface DatabaseProcessOptions {
  signal: AbortSignal;
  /** where the databases are */
  read: readonly BytePath[];
  /** where copies are made, and checked */
  write: readonly BytePath[];
  /** milliseconds for any job, besides what its size allows */
  patience?: number;
}

const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './database-worker.ts' : './database-worker.js', import.meta.url),
);
const FLAGS = ['--max-old-space-size=64', '--v8-pool-size=0', '--disable-warning=ExperimentalWarning'];

/** Longer than SQLite waits for a writer. */
const PATIENCE = 20_000;
/** The machine may be busy. */
const START = 60_000;
/** A slow disk gives a megabyte a second, when SQLite goes through a database from page to page. */
const BYTES_PER_MS = 1000;
/** Checks that never end are set up easily, a database each: after so many no other database of the run is checked. */
const MOST_STOPPED = 5;
/** A child does the jobs of so many milliseconds and bytes, or of one larger database. */
const LIFE = 600_000;
const FILE_SIZE = 2 ** 30;

export class DatabaseProcess implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #options: DatabaseProcessOptions;
  #child: Child | undefined;
  #stopped = 0;

  constructor(options: DatabaseProcessOptions) {
    this.signal = options.signal;
    this.#options = options;
  }

  /** False when SQLite refuses to read the database where it lies. */
  backUp(source: BytePath, destination: string): Promise<boolean> {
    return this.#run({ kind: 'backup', source, destination }, source);
  }

  /** Copies the database and what lies beside it as files; answers the suffixes of those that were there. */
  copyFiles(source: BytePath, destination: string): Promise<string[]> {
    return this.#run({ kind: 'files', source, destination }, source);
  }

  /** undefined when the database is whole. Only for copies, because it opens the database writable. */
  async check(path: BytePath): Promise<IntegrityFinding | undefined> {
    if (this.#stopped >= MOST_STOPPED)
      return { problem: `SQLite was stopped for ${MOST_STOPPED} databases before`, proven: false };
    try {
      return await this.#run({ kind: 'check', path }, path);
    } catch (error) {
      this.signal.throwIfAborted();
      return { problem: error instanceof Error ? error.message : String(error), proven: false };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.end();
  }

  /** Rejects when the child was stopped, or ended by itself. */
  async #run<T>(job: DatabaseJob, database: BytePath): Promise<T> {
    this.signal.throwIfAborted();
    const time = (this.#options.patience ?? PATIENCE) + diskUsage(database) / BYTES_PER_MS;
    const child = await this.#childFor(time, 2 * apparentSize(database));
    return this.#within(time, child, () => child.run<T>(job));
  }

  async #childFor(time: number, bytes: number): Promise<Child> {
    if (this.#child?.hasRoomFor(time, bytes)) return this.#child;
    await this.#child?.end();
    const { read, write } = this.#options;
    const [life, fileSize] = [Math.max(LIFE, time), Math.max(FILE_SIZE, bytes)];
    const seconds = Math.ceil(life / 1000);
    const child = new Child({ read, write, seconds, bytes: fileSize }, systemClock.monotonic() + life);
    this.#child = child;
    await this.#within(START, child, () => child.started());
    return child;
  }

  /** Kills the child when the signal or the time says so. */
  async #within<T>(time: number, child: Child, work: () => Promise<T>): Promise<T> {
    const overdue = AbortSignal.timeout(Math.ceil(time));
    const stop = AbortSignal.any([this.signal, overdue]);
    const onStop = (): void => void child.end();
    stop.addEventListener('abort', onStop, { once: true });
    try {
      return await work();
    } catch (error) {
      this.signal.throwIfAborted();
      if (child.ended) this.#stopped++;
      throw overdue.aborted ? new Error(`SQLite was stopped after ${Math.round(time / 1000)} s`) : error;
    } finally {
      stop.removeEventListener('abort', onStop);
    }
  }
}

class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  readonly #gone: Promise<string>;
  readonly #bounds: Bounds;
  readonly #until: number;
  ended = false;

  constructor(bounds: Bounds, until: number) {
    this.#bounds = bounds;
    this.#until = until;
    const args = [...FLAGS, ENTRY, JSON.stringify(bounds)];
    // Settings and secrets of this process are in its environment.
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'], cwd: '/', env: {} });
    this.#gone = this.#whenGone();
    this.#process.stdin.on('error', () => {}); // its end is told by `#gone`
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  hasRoomFor(time: number, bytes: number): boolean {
    return !this.ended && systemClock.monotonic() + time <= this.#until && bytes <= this.#bounds.bytes;
  }

  async run<T>(job: DatabaseJob): Promise<T> {
    this.#process.stdin.write(`${JSON.stringify(job)}\n`);
    const answer = JSON.parse(await this.#nextLine()) as { result?: T } | { failure: string };
    if ('failure' in answer) throw new Error(answer.failure);
    return answer.result as T;
  }

  /** It says so in a line of its own. */
  async started(): Promise<void> {
    await this.#nextLine();
  }

  async #nextLine(): Promise<string> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`SQLite ended by itself (${await this.#gone})`);
    return value;
  }

  /** Whatever it is doing. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#gone;
  }

  async #whenGone(): Promise<string> {
    try {
      const [code, signal] = (await once(this.#process, 'exit')) as [number | null, string | null];
      return signal ?? `exit code ${code}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.ended = true;
    }
  }
}
