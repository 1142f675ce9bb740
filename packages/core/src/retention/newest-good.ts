import { type Catalogue, type CatalogueEntry, untilNow } from '@gofr-backup/model';
import { isGood } from './dated-backup.ts';
import type { Counting } from './dated-backup.ts';

/** The newest good backup of a catalogue, which is newest first. A backup dated in the future does not count. */
export const newestGood = (
  catalogue: Catalogue,
  counting: Counting,
  now: number,
): CatalogueEntry | undefined => untilNow(catalogue, now).find((entry) => isGood(entry, counting));
