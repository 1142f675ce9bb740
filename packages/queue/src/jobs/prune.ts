import { pruneOutcomeSchema, pruneRequestSchema, triggerSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';

export const prune = defineJob({
  name: 'prune',
  payload: pruneRequestSchema.extend({
    dryRun: pruneRequestSchema.shape.dryRun.prefault(false),
    trigger: triggerSchema.prefault('manual'),
  }),
  result: pruneOutcomeSchema,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  // Without force it removes what the next backup would remove.
  unsigned: (payload) => (payload.force ? undefined : payload),
  deduplicationKey: ({ dryRun, force }) => `prune${dryRun ? '-dry-run' : ''}${force ? '-force' : ''}`,
});
