import { drillOutcomeSchema, drillRequestSchema, triggerSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';

export const drill = defineJob({
  name: 'drill',
  payload: drillRequestSchema.extend({
    backup: drillRequestSchema.shape.backup.prefault('latest'),
    trigger: triggerSchema.prefault('manual'),
  }),
  result: drillOutcomeSchema,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  unsigned: (payload) => payload,
  deduplicationKey: ({ backup }) => `drill-${backup}`,
});
