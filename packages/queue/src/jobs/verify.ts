import { z } from 'zod';
import { type ErrorCode, ERRORS, type VerifyOutcome } from '@gofr-backup/model';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';
import { triggerSchema } from './entry.ts';

export const verify = defineJob({
  name: 'verify',
  payload: z.object({
    names: z.array(z.string()).exactOptional(),
    which: z.enum(['latest', 'all', 'oldest-verified']).exactOptional(),
    trigger: triggerSchema.prefault('manual'),
  }),
  result: z.object({
    results: z.array(
      z.object({
        filename: z.string(),
        ok: z.boolean(),
        problems: z.array(z.string()),
        code: z.enum(Object.keys(ERRORS) as ErrorCode[]).exactOptional(),
      }),
    ),
  }) satisfies z.ZodType<VerifyOutcome>,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  joins: ({ names, which }) => (names ? undefined : `verify-${which ?? 'latest'}`),
});
