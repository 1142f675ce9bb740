/** Whether an archive fits: into what it can hold by itself, and onto the disk. */
import {
  BackupError,
  type ArchiveEntry,
  type Compression,
  dataSizeOf,
  formatCount,
  formatSize,
} from '@gofr-backup/model';
import type { EntrySource } from './entry-source.ts';
import type { ExtractPlan } from './extract-plan.ts';
import { hostile } from '../refusals.ts';
import type { TargetDirectory } from './target-directory.ts';

/** More than any compressor can make of one byte: deflate's limit, and generous ones for the others. */
const MOST_EXPANSION: Record<Compression, number> = {
  gzip: 1040,
  bzip2: 100_000,
  xz: 100_000,
  zstd: 100_000,
  none: 1,
};
/** The expansion that real data may have. An archive that expands further, to more than the disk holds, is a bomb. */
const HONEST_EXPANSION = 200;

/** Refuses an entry as soon as the declared sizes add up to more than the archive can hold or the disk can take. */
export class DeclaredBound {
  readonly #possible: number;
  readonly #honest: number;
  readonly #target: TargetDirectory;
  #bytes = 0;
  #entries = 0;

  constructor({ codec, size }: EntrySource, target: TargetDirectory) {
    this.#possible = size * MOST_EXPANSION[codec];
    this.#honest = size * HONEST_EXPANSION;
    this.#target = target;
  }

  add(entry: ArchiveEntry): void {
    // Holes take no room, neither in the archive nor on the disk.
    this.#bytes += dataSizeOf(entry);
    this.#entries++;
    if (this.#bytes > this.#possible) {
      throw hostile(entry.path, 'it declares more bytes than the whole archive can hold');
    }
    if (this.#bytes > this.#target.freeBytes && this.#bytes > this.#honest) {
      throw hostile(
        entry.path,
        `with it the archive expands to more than ${HONEST_EXPANSION} times its size and fills the disk`,
      );
    }
    if (this.#entries > this.#target.freeEntries) {
      throw hostile(
        entry.path,
        `the disk can hold ${formatCount(this.#target.freeEntries, 'more file')}, the archive has more`,
      );
    }
  }
}

export function checkRoom(plan: ExtractPlan, target: TargetDirectory): void {
  if (plan.dataBytes <= target.freeBytes) return;
  throw new BackupError('DISK_FULL', `There is no room for ${formatSize(plan.dataBytes)}.`, {
    why: `The file system restored into has ${formatSize(target.freeBytes)} free.`,
    hint: 'Free space there, restore only a part (--only, --path), or restore elsewhere (--to).',
    details: { needed: plan.dataBytes, free: target.freeBytes },
  });
}
