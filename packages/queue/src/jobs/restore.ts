import { z } from 'zod';
import type { RestoreOutcome } from '@gofr-backup/model';
import { defineJob, THREE_ATTEMPTS, WATCHED } from './contract.ts';

const countSchema = z.object({ files: z.number(), bytes: z.number() });

export const restore = defineJob({
  name: 'restore',
  payload: z.object({
    /** a file name, or `latest` */
    backup: z.string().min(1),
    only: z.array(z.string()).exactOptional(),
    paths: z.array(z.string()).exactOptional(),
    to: z.string().exactOptional(),
    merge: z.boolean().exactOptional(),
    dryRun: z.boolean().exactOptional(),
    safetyBackup: z.boolean().exactOptional(),
  }),
  result: z.object({
    backup: z.string(),
    target: z.string(),
    files: z.number(),
    bytes: z.number(),
    safety_backup: z.string().nullable(),
    changes: z
      .object({ added: countSchema, replaced: countSchema, removed: countSchema, unchanged: countSchema })
      .exactOptional(),
    warnings: z.array(z.string()).exactOptional(),
  }) satisfies z.ZodType<RestoreOutcome>,
  ...THREE_ATTEMPTS,
  // hours later it would go over newer data
  endsWithItsWorker: true,
  patience: () => WATCHED,
  joins: () => undefined,
});
