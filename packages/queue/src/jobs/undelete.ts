import { undeleteOutcomeSchema, undeleteRequestSchema, triggerSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, WATCHED } from './contract.ts';

export const undelete = defineJob({
  name: 'undelete',
  payload: undeleteRequestSchema.extend({ trigger: triggerSchema.prefault('manual') }),
  result: undeleteOutcomeSchema,
  ...THREE_ATTEMPTS,
  patience: () => WATCHED,
  // It pins: whoever writes to Redis could keep a disk full by it.
  unsigned: () => undefined,
  deduplicationKey: ({ backup }) => `undelete-${backup}`,
});
