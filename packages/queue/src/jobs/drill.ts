import { z } from 'zod';
import type { DrillOutcome } from '@gofr-backup/model';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';
import { triggerSchema } from './entry.ts';

export const drill = defineJob({
  name: 'drill',
  payload: z.object({
    /** a file name, or `latest` */
    backup: z.string().min(1).prefault('latest'),
    trigger: triggerSchema.prefault('manual'),
  }),
  result: z.object({
    backup: z.string(),
    ok: z.boolean(),
    files: z.number(),
    problems: z.array(z.string()),
  }) satisfies z.ZodType<DrillOutcome>,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  joins: ({ backup }) => `drill-${backup}`,
});
