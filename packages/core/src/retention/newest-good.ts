import { type Catalogue, type CatalogueEntry, untilNow } from '@gofr-backup/model';
import { isGood } from './dated-backup.ts';
import type { Counting } from './dated-backup.ts';

/** Of a catalogue, which is newest first. One dated in the future is none. */
export const newestGood = (
  catalogue: Catalogue,
  counting: Counting,
  now: number,
): CatalogueEntry | undefined => untilNow(catalogue, now).find((entry) => isGood(entry, counting));
