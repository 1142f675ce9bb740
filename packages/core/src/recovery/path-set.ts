/** Paths that were seen, names outside the heap of V8: a backup may have millions. */
import { PathKinds } from '@gofr-backup/archive';
import type { BytePath } from '@gofr-backup/model';
import { isWithin, parentOf } from '@gofr-backup/posix';

export class PathSet {
  readonly #kinds = new PathKinds();
  #last: BytePath = '';
  size = 0;

  /** False: it was there already. Cheap while the names in a directory ascend. */
  add(path: BytePath): boolean {
    if (this.has(path)) return false;
    this.#kinds.set(path, 'file');
    this.size++;
    return true;
  }

  /** Adds a relative path with all directories above it. The directories above the last path are known already. */
  addWithParents(path: BytePath): void {
    for (let at = path; this.add(at) && at.includes('/');) {
      at = parentOf(at);
      if (isWithin(this.#last, at)) break;
    }
    this.#last = path;
  }

  has(path: BytePath): boolean {
    return this.#kinds.get(path) !== undefined;
  }
}
