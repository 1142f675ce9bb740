import { z } from 'zod';
import { type PruneOutcome, TIERS } from '@gofr-backup/model';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';
import { triggerSchema } from './entry.ts';

export const pruneSchema = z.object({
  dry_run: z.boolean(),
  now: z.string(),
  decisions: z.array(
    z.object({
      filename: z.string(),
      tier: z.enum(TIERS),
      action: z.enum(['keep', 'remove']),
      reasons: z.array(z.string()),
    }),
  ),
  held: z.string().exactOptional(),
}) satisfies z.ZodType<PruneOutcome>;

export const prune = defineJob({
  name: 'prune',
  payload: z.object({
    dryRun: z.boolean().prefault(false),
    /** prune although an anomaly holds it */
    force: z.boolean().exactOptional(),
    trigger: triggerSchema.prefault('manual'),
  }),
  result: pruneSchema,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  joins: ({ dryRun, force }) => `prune${dryRun ? '-dry-run' : ''}${force ? '-force' : ''}`,
});
