/** The catalogue: what is known of every backup. Kept in manifest.json, rebuilt from the directory. */
import type { CatalogueEntry } from './catalogue-entry.ts';

/**
 * What one installation knows of the records of one PREFIX. `signature`: Ed25519, base64url, over the lines
 * `gofr-backup manifest 1`, the PREFIX, and for every file name in order `<digest>  <filename>`, each ended by a line feed.
 */
export interface SignedList {
  /** the public key: its 32 bytes in base64url */
  key: string;
  /** by file name: SHA-256, base64url, of the record's canonical form */
  digests: Record<string, string>;
  signature: string;
}

/** manifest.json, version 1 of this shape; the first generation's file was `backups` alone. */
export interface Manifest {
  version: 1;
  project: string;
  updated_at: string;
  backups: Record<string, CatalogueEntry>;
  /** by PREFIX; without one, what its records say of themselves does not count */
  signatures?: Record<string, SignedList>;
}

/** The catalogue as read from disk, newest first by created_at, filename as tie-break. */
export type Catalogue = readonly CatalogueEntry[];
