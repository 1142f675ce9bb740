import * as z from 'zod';
import { BACKUP_PHASES, TIERS } from '@gofr-backup/model';
import { backupOutcomeSchema, triggerSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';

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
  result: backupOutcomeSchema,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  // Where it goes on is the worker's own word: others could leave out the steps before the prune.
  unsigned: ({ resume: _, ...request }) => request,
  deduplicationKey: ({ tier }) => `backup-${tier}`,
});
