import { z } from 'zod';
import { BACKUP_PHASES, type BackupOutcome, TIERS } from '@gofr-backup/model';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';
import { entrySchema, triggerSchema } from './entry.ts';
import { pruneSchema } from './prune.ts';

const resumeSchema = z.object({
  step: z.enum(BACKUP_PHASES),
  /** the archive made by the first step */
  filename: z.string(),
  /** copies made by `promote` */
  promoted: z.array(z.string()).exactOptional(),
});

export const backup = defineJob({
  name: 'backup',
  payload: z.object({
    tier: z.enum(TIERS).prefault('daily'),
    trigger: triggerSchema.prefault('manual'),
    /** written by the worker between steps; absent in a new job */
    resume: resumeSchema.exactOptional(),
  }),
  result: z.object({
    backup: entrySchema,
    promoted: z.array(entrySchema),
    /** retention after it */
    pruned: pruneSchema.exactOptional(),
  }) satisfies z.ZodType<BackupOutcome>,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  joins: ({ tier }) => `backup-${tier}`,
});
