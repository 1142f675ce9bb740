import { triggerSchema, verifyOutcomeSchema, verifyRequestSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';

export const verify = defineJob({
  name: 'verify',
  payload: verifyRequestSchema.extend({ trigger: triggerSchema.prefault('manual') }),
  result: verifyOutcomeSchema,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  unsigned: (payload) => payload,
  deduplicationKey: ({ names, which }) => (names ? undefined : `verify-${which ?? 'latest'}`),
});
