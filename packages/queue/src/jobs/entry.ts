/** The catalogue's entry as it travels in job results. */
import { z } from 'zod';
import { type CatalogueEntry, COMPRESSIONS, TIERS } from '@gofr-backup/model';

export const triggerSchema = z.enum(['schedule', 'manual', 'pre-restore']);

const warningSchema = z.object({ code: z.string(), path: z.string().exactOptional(), message: z.string() });

export const entrySchema = z.object({
  filename: z.string(),
  filepath: z.string(),
  tier: z.enum(TIERS),
  timestamp: z.string(),
  size_bytes: z.number(),
  verified: z.boolean(),
  status: z.enum(['good', 'unverified', 'corrupt', 'incomplete']),
  created_at: z.string().exactOptional(),
  timezone: z.string().exactOptional(),
  sha256: z.string().exactOptional(),
  compression: z.enum(COMPRESSIONS).exactOptional(),
  compression_level: z.number().exactOptional(),
  trigger: triggerSchema.exactOptional(),
  run: z.string().exactOptional(),
  components: z.array(z.string()).exactOptional(),
  files: z.number().exactOptional(),
  source_bytes: z.number().exactOptional(),
  reused_bytes: z.number().exactOptional(),
  duration_ms: z.number().exactOptional(),
  verify_ms: z.number().exactOptional(),
  warnings: z.array(warningSchema).exactOptional(),
  verified_at: z.string().exactOptional(),
  last_drill_at: z.string().exactOptional(),
  last_drill_ok: z.boolean().exactOptional(),
  pinned: z.boolean().exactOptional(),
}) satisfies z.ZodType<CatalogueEntry>;

/** Fails to compile when the catalogue's entry has a field that this schema would strip. */
type Unlisted = Exclude<keyof CatalogueEntry, keyof z.output<typeof entrySchema>>;
true satisfies [Unlisted] extends [never] ? true : Unlisted;
