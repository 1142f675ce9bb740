/** One backup as the manifest, a job's result and `--json` tell it. The schema is the definition, the type follows from it. */
import * as z from 'zod';
import { COMPRESSIONS, MOST_TEXT, STATUSES, TIERS, TRIGGERS } from './terms.ts';

const DATE = /^\d{4}-\d\d-\d\dT/;

const text = z.string().max(MOST_TEXT);
const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative();
const instant = z
  .string()
  .refine((time) => DATE.test(time) && !Number.isNaN(Date.parse(time)), 'is no ISO 8601 time');

export const triggerSchema = z.enum(TRIGGERS);

const warningSchema = z.object({
  /** e.g. `changed-while-read`, `vanished`, `unreadable`, `special-file`, `missing-component` */
  code: text,
  /** display form of the path inside the archive, when it is about one */
  path: text.exactOptional(),
  message: text,
});
export type Warning = z.infer<typeof warningSchema>;

/**
 * The first six fields mean what they meant in the first-generation Python service: `filepath` is where the writer saw
 * it (perhaps another mount; never followed blindly), `timestamp` is local time without a zone. Unknown fields are
 * dropped. New fields are optional, because manifests and jobs outlive deployments.
 *
 * Signed is the canonical form: every field but `filepath` (and `signature`, where the record stands alone), as JSON
 * without spaces, its names sorted by UTF-16 code units at every level. So nothing that retention, restores, reuse or an
 * alert decide by can be changed without the key: not the status, a date, a pin, the checksum or the run.
 */
export const entrySchema = z.object({
  filename: text,
  filepath: text,
  tier: z.enum(TIERS),
  /** ISO 8601 local time of the timezone the backup was made in, no offset: `2025-12-13T02:00:00` */
  timestamp: instant,
  size_bytes: count,
  verified: z.boolean(),
  status: z.enum(STATUSES),
  /** ISO 8601 UTC */
  created_at: instant.exactOptional(),
  timezone: text.exactOptional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  compression: z.enum(COMPRESSIONS).exactOptional(),
  compression_level: count.exactOptional(),
  trigger: triggerSchema.exactOptional(),
  /** the job or call that made it, so that a run taken up again knows its own */
  run: text.exactOptional(),
  components: z.array(text).exactOptional(),
  files: count.exactOptional(),
  source_bytes: count.exactOptional(),
  /** bytes of this archive copied from the previous one instead of compressed anew */
  reused_bytes: count.exactOptional(),
  /** walk to renamed and synced, without verify */
  duration_ms: milliseconds.exactOptional(),
  verify_ms: milliseconds.exactOptional(),
  warnings: z.array(warningSchema).exactOptional(),
  verified_at: instant.exactOptional(),
  last_drill_at: instant.exactOptional(),
  last_drill_ok: z.boolean().exactOptional(),
  /** never pruned */
  pinned: z.boolean().exactOptional(),
  /** its first record here was not signed by this installation: it did not make this archive, or cannot tell any more */
  adopted: z.boolean().exactOptional(),
});
export type CatalogueEntry = z.infer<typeof entrySchema>;
