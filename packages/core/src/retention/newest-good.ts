import {
  type Catalogue,
  type CatalogueEntry,
  type Counting,
  countsAsGood,
  untilNow,
} from '@gofr-backup/model';

/** The newest good backup of a catalogue, which is newest first. A backup dated in the future does not count. */
export const newestGood = (
  catalogue: Catalogue,
  counting: Counting,
  now: number,
): CatalogueEntry | undefined => untilNow(catalogue, now).find((entry) => countsAsGood(entry, counting));
