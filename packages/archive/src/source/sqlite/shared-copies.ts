/**
 * Databases with several names. The copy that was made under the first of them stands for the file, so its other names
 * become links to it. SQLite has a log by the name, and not by the file: what a log holds belongs to one name alone.
 */
import { pathOnDisk } from '../content.ts';
import type { WalkEntry } from '../source.ts';
import { factsOf } from './companions.ts';
import type { CopyOutcome } from './copy.ts';
import { hasCompanion } from './find.ts';

interface FirstCopy {
  /** absent: the first name is archived as it lies */
  contentPath?: string;
  /** of the file when it was copied */
  facts?: string | undefined;
}

export class SharedCopies {
  /** by link key */
  readonly #firsts = new Map<string, FirstCopy>();

  /** For a name that has nothing beside it: the copy that is there already. */
  copyFor(entry: WalkEntry): string | undefined {
    const copy = this.#firsts.get(entry.linkKey ?? '')?.contentPath;
    return copy !== undefined && !hasCompanion(pathOnDisk(entry)) ? copy : undefined;
  }

  /** Whether the copy stands for the file, and not for this name alone. `before`: what `factsOf` it said before that. */
  note(entry: WalkEntry, contentPath: string, outcome: CopyOutcome, before: string | undefined): boolean {
    const { linkKey } = entry;
    if (linkKey === undefined) return true;
    const now = factsOf(pathOnDisk(entry));
    const facts = now === before ? now : undefined;
    const isFile = outcome.kind === 'consistent' ? outcome.isFile : outcome.kind === 'together';
    const first = this.#firsts.get(linkKey);
    if (first !== undefined) return isFile && facts !== undefined && facts === first.facts;
    if (isFile) this.#firsts.set(linkKey, { contentPath, facts });
    else if (outcome.kind === 'failed') this.#firsts.set(linkKey, {});
    return isFile;
  }
}
