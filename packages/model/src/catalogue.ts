/** The catalogue: what is known of every backup. Kept in manifest.json, rebuilt from the directory. */

export const TIERS = ['daily', 'weekly', 'monthly'] as const;
export type Tier = (typeof TIERS)[number];

export const COMPRESSIONS = ['gzip', 'bzip2', 'xz', 'zstd', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export type Trigger = 'schedule' | 'manual' | 'pre-restore';

/** good: read back in full; unverified: complete, not yet read; corrupt: read and found damaged; incomplete: files missing. */
export type Status = 'good' | 'unverified' | 'corrupt' | 'incomplete';

export interface Warning {
  /** e.g. `changed-while-read`, `vanished`, `unreadable`, `special-file`, `missing-component` */
  code: string;
  /** display form of the path inside the archive, when it is about one */
  path?: string;
  message: string;
}

/**
 * One backup. The first six fields mean what they meant in the first-generation Python service: `filepath` is where
 * the writer saw it (perhaps another mount; never followed blindly), `timestamp` is local time without a zone.
 */
export interface CatalogueEntry {
  filename: string;
  filepath: string;
  tier: Tier;
  /** ISO 8601 local time of the timezone the backup was made in, no offset: `2025-12-13T02:00:00` */
  timestamp: string;
  size_bytes: number;
  verified: boolean;
  status: Status;
  /** ISO 8601 UTC */
  created_at?: string;
  timezone?: string;
  sha256?: string;
  compression?: Compression;
  compression_level?: number;
  trigger?: Trigger;
  /** the job or call that made it, so that a run taken up again knows its own */
  run?: string;
  components?: string[];
  files?: number;
  source_bytes?: number;
  /** bytes of this archive copied from the previous one instead of compressed anew */
  reused_bytes?: number;
  /** walk to renamed and synced, without verify */
  duration_ms?: number;
  verify_ms?: number;
  warnings?: Warning[];
  verified_at?: string;
  last_drill_at?: string;
  last_drill_ok?: boolean;
  /** never pruned */
  pinned?: boolean;
}

/** manifest.json, version 1 of this shape; the first generation's file was `backups` alone. */
export interface Manifest {
  version: 1;
  project: string;
  updated_at: string;
  backups: Record<string, CatalogueEntry>;
}

/** The catalogue as read from disk, newest first by created_at, filename as tie-break. */
export type Catalogue = readonly CatalogueEntry[];
