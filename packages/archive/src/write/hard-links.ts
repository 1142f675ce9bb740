/** Names of one file: the first seen is the file, later ones are links to it, as long as it is really archived. */
import type { BytePath } from '@gofr-backup/model';
import type { WalkEntry } from '../source/source.ts';

/** A link in the archive, and the file it is on disk, in case its target does not make it. */
export interface LinkedEntry extends WalkEntry {
  asFile?: WalkEntry;
}

export class HardLinks {
  #firstNames = new Map<string, BytePath>();
  #lost = new Set<BytePath>();

  /** Turns every later name of a file into a link. */
  *resolve(entries: Iterable<WalkEntry>): Generator<LinkedEntry> {
    for (const entry of entries) {
      const first = entry.linkKey === undefined ? undefined : this.#firstNames.get(entry.linkKey);
      if (first === undefined) {
        if (entry.linkKey !== undefined) this.#firstNames.set(entry.linkKey, entry.path);
        yield entry;
      } else yield { ...entry, type: 'hardlink', linkTarget: first, size: 0, sparse: false, asFile: entry };
    }
  }

  /** The file of this name did not come into the archive, or is another one by now: links to it need a new target. */
  lose(entry: WalkEntry): void {
    this.#lost.add(entry.path);
    if (entry.linkKey === undefined) return;
    if (this.#firstNames.get(entry.linkKey) === entry.path) this.#firstNames.delete(entry.linkKey);
  }

  isOrphan({ type, linkTarget }: Pick<WalkEntry, 'type' | 'linkTarget'>): boolean {
    return this.#lost.size > 0 && type === 'hardlink' && this.#lost.has(linkTarget!);
  }
}
