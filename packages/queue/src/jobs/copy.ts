import { copyOutcomeSchema, copyRequestSchema, triggerSchema } from '@gofr-backup/model/schemas';
import { defineJob, WATCHED } from './contract.ts';

const MINUTE = 60_000;

export const copy = defineJob({
  name: 'copy',
  queue: 'copies',
  payload: copyRequestSchema.extend({ trigger: triggerSchema.prefault('manual') }),
  result: copyOutcomeSchema,
  // A store may be away for hours: one minute, two, four, … which comes to about 17 hours.
  attempts: 11,
  backoff: { type: 'exponential', delay: MINUTE, jitter: 0.5 },
  patience: () => WATCHED,
  // To take over from another host is a person's word.
  unsigned: ({ takeOver: _, ...request }) => request,
  // One that a person asks for does not join one that waits for hours for its next attempt.
  deduplicationKey: ({ store, backup, all, takeOver, trigger }) =>
    `copy-${store}-${trigger}${backup ? `-${backup}` : ''}${all ? '-all' : ''}${takeOver ? '-take-over' : ''}`,
});
