/**
 * Hard links between what is staged apart: components in different directories are extracted each by itself, so a file with
 * names in several comes out several times. Its names are linked again before the swap.
 */
import type { ArchiveEntry, BytePath } from '@gofr-backup/model';
import { type Stage, stagedFor } from '../stages.ts';
import { placeOf, type Target, within } from '../target.ts';

/** Two names of one file, and where each is staged. */
export interface SplitLink {
  path: BytePath;
  staged: BytePath;
  workDir: BytePath;
  file: BytePath;
  stagedFile: BytePath;
}

interface Staged {
  staged: BytePath;
  workDir: BytePath;
}

/** Sees every entry in archive order; `list` answers the links that the stages separate. */
export class SplitLinks {
  readonly #stagedAt: (path: BytePath) => Staged | undefined;
  /** path, and the name of its file in another stage */
  readonly #links = new Map<BytePath, BytePath>();
  /** of a file whose own name is not restored, the first name that is */
  readonly #standIns = new Map<BytePath, BytePath>();
  /** the values of both */
  readonly #files = new Set<BytePath>();
  readonly #isOneStage: boolean;

  constructor(targets: readonly Target[], stages: Stage[]) {
    const chosen = targets.map((target) => ({ target, has: within(target.paths) }));
    this.#isOneStage = stages.length === 1;
    this.#stagedAt = (path) => {
      for (const { target, has } of chosen) {
        const place = has(path) ? placeOf(path, target) : undefined;
        if (place !== undefined) return stagedFor(place, stages);
      }
      return undefined;
    };
  }

  see({ path, type, linkTarget }: ArchiveEntry): void {
    if (this.#isOneStage) return;
    if (this.#links.size + this.#standIns.size > 0) this.#forget(path);
    if (type !== 'hardlink') return;
    const file = this.#links.get(linkTarget!) ?? this.#standIns.get(linkTarget!) ?? linkTarget!;
    const own = this.#stagedAt(path);
    if (own === undefined) return;
    const other = this.#stagedAt(file);
    if (other === undefined) this.#note(this.#standIns, file, path);
    else if (own.workDir !== other.workDir) this.#note(this.#links, path, file);
  }

  #note(names: Map<BytePath, BytePath>, name: BytePath, file: BytePath): void {
    names.set(name, file);
    this.#files.add(file);
  }

  /** A name that comes again is another file from then on. */
  #forget(path: BytePath): void {
    for (const names of [this.#links, this.#standIns]) {
      names.delete(path);
      if (this.#files.has(path)) for (const [name, file] of names) if (file === path) names.delete(name);
    }
  }

  list(): SplitLink[] {
    return [...this.#links].map(([path, file]) => {
      const { staged, workDir } = this.#stagedAt(path)!;
      return { path, staged, workDir, file, stagedFile: this.#stagedAt(file)!.staged };
    });
  }
}
