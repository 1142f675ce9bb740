/**
 * A map from each path of an archive to its kind, exact for paths in any order. It is smallest and fastest for those that
 * come as a walk of this program meets them, component by component. All others are kept beside them.
 */
import type { BytePath } from '@gofr-backup/model';
import type { Kind } from './kinds.ts';
import { SortedPaths } from './sorted-paths.ts';
import { UnorderedPaths } from './unordered-paths.ts';

/**
 * The components of an archive are walked in turn, each in order. A new run begins after one that was long: paths that have
 * no order would make more runs than can be searched.
 */
const MOST_RUNS = 16;
const LONG_RUN = 4096;

export class PathKinds {
  readonly #runs = [new SortedPaths()];
  /** paths that came out of order, and those whose kind has changed */
  #others: UnorderedPaths | undefined;

  get(path: BytePath): Kind | undefined {
    const other = this.#others?.get(path);
    if (other !== undefined) return other;
    for (const run of this.#runs) {
      const kind = run.get(path);
      if (kind !== undefined) return kind;
    }
    return undefined;
  }

  set(path: BytePath, kind: Kind): void {
    const run = this.get(path) === undefined ? this.#runFor(path) : undefined;
    if (run) run.append(path, kind);
    else (this.#others ??= new UnorderedPaths()).set(path, kind);
  }

  #runFor(path: BytePath): SortedPaths | undefined {
    const newest = this.#runs.at(-1)!;
    if (newest.follows(path)) return newest;
    if (newest.length < LONG_RUN || this.#runs.length === MOST_RUNS) return undefined;
    const run = new SortedPaths();
    this.#runs.push(run);
    return run;
  }
}
