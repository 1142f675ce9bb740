/** The catalogue: what is known of every backup. Kept in manifest.json, rebuilt from the directory. */
import type { CatalogueEntry } from './catalogue-entry.ts';

/** manifest.json, version 1 of this shape; the first generation's file was `backups` alone. */
export interface Manifest {
  version: 1;
  project: string;
  updated_at: string;
  backups: Record<string, CatalogueEntry>;
}

/** The catalogue as read from disk, newest first by created_at, filename as tie-break. */
export type Catalogue = readonly CatalogueEntry[];
