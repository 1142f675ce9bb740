/** What surrounds the files of an extraction: directories before them, links and the attributes of directories after them. */
import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BytePath, fsPath } from '@gofr-backup/model';
import { Beneath, type DirectoryHandle } from '@gofr-backup/posix';
import type { ExtractPlan } from './extract-plan.ts';
import type { MetadataWriter } from './metadata.ts';
import type { Refused } from './refused.ts';

/** Steps between two turns of the event loop, so that timers and signals are served. */
const STEPS_PER_TURN = 500;
const IMPLIED_MODE = 0o755;

export class Skeleton implements Disposable {
  readonly #root: DirectoryHandle;
  readonly #beneath: Beneath;
  readonly #plan: ExtractPlan;
  readonly #metadata: MetadataWriter;
  readonly #signal: AbortSignal;

  constructor(root: DirectoryHandle, plan: ExtractPlan, metadata: MetadataWriter, signal: AbortSignal) {
    this.#root = root;
    this.#beneath = new Beneath(root);
    this.#plan = plan;
    this.#metadata = metadata;
    this.#signal = signal;
  }

  get refused(): Refused {
    return this.#metadata.refused;
  }

  /** Directories are closed to other users until their content is complete. */
  async makeDirectories(): Promise<void> {
    await this.#forEach(this.#plan.directories.keys(), (path) => mkdirSync(this.#beneath.at(path), 0o700));
  }

  async makeLinks(): Promise<void> {
    const at = (path: BytePath): string | Buffer => this.#beneath.at(path);
    await this.#forEach(this.#plan.hardlinks, ({ path, target }) => linkSync(at(target), at(path)));
    await this.#forEach(this.#plan.symlinks.values(), (entry) => {
      const { directory, name } = this.#beneath.place(entry.path);
      symlinkSync(fsPath(entry.linkTarget!), directory.at(name));
      this.#metadata.setLink(directory, name, entry);
    });
  }

  /** Children before parents: making a child changes the time of its parent. */
  async finishDirectories(): Promise<void> {
    await this.#forEach([...this.#plan.directories].reverse(), ([path, entry]) => {
      using directory = this.#root.openDirectory(path);
      if (entry) this.#metadata.setDirectory(directory.fd, entry);
      else directory.chmod(IMPLIED_MODE);
    });
  }

  /** Serves the event loop and the signal in between. */
  async #forEach<T>(items: Iterable<T>, step: (item: T) => void): Promise<void> {
    let steps = 0;
    for (const item of items) {
      if (steps++ % STEPS_PER_TURN === 0) {
        await nextTurn();
        this.#signal.throwIfAborted();
      }
      step(item);
    }
  }

  [Symbol.dispose](): void {
    this.#beneath[Symbol.dispose]();
  }
}
