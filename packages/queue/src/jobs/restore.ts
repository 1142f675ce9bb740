import { restoreOutcomeSchema, restoreRequestSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, WATCHED } from './contract.ts';

export const restore = defineJob({
  name: 'restore',
  payload: restoreRequestSchema,
  result: restoreOutcomeSchema,
  ...THREE_ATTEMPTS,
  // hours later it would go over newer data
  endsWithItsWorker: true,
  patience: () => WATCHED,
  unsigned: () => undefined,
  deduplicationKey: () => undefined,
});
