/**
 * The names of one file. The first name seen is the file; later names are links to it, as long as the file is really
 * archived.
 */
import type { BytePath } from '@gofr-backup/model';
import type { WalkEntry } from '../source/source.ts';

/**
 * An entry that may be a link in the archive. `asFile` is the same entry as a file, for when the link's target is not
 * archived.
 */
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
      } else
        yield {
          ...entry,
          type: 'hardlink',
          linkTarget: first,
          size: 0,
          sparse: false,
          hollow: false,
          asFile: entry,
        };
    }
  }

  /** The file of this name did not come into the archive, or was replaced by another. Links to it need a new target. */
  lose(entry: WalkEntry): void {
    this.#lost.add(entry.path);
    if (entry.linkKey === undefined) return;
    if (this.#firstNames.get(entry.linkKey) === entry.path) this.#firstNames.delete(entry.linkKey);
  }

  isOrphan({ type, linkTarget }: Pick<WalkEntry, 'type' | 'linkTarget'>): boolean {
    return this.#lost.size > 0 && type === 'hardlink' && this.#lost.has(linkTarget!);
  }
}
