/** The words that an entry, a plan and a setting may choose from. */

export const TIERS = ['daily', 'weekly', 'monthly'] as const;
export type Tier = (typeof TIERS)[number];

export const COMPRESSIONS = ['gzip', 'bzip2', 'xz', 'zstd', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export const TRIGGERS = ['schedule', 'manual', 'pre-restore'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** good: read back in full; unverified: complete, not yet read; corrupt: read and found damaged; incomplete: files missing. */
export const STATUSES = ['good', 'unverified', 'corrupt', 'incomplete'] as const;
export type Status = (typeof STATUSES)[number];

/** The longest text in a record, in characters. */
export const MOST_TEXT = 65_535;

/** The code of the warnings that tell what of a corrupt backup is lost: the first without a path, how much can be read. */
export const DAMAGED = 'damaged';
