import { BackupError, type DrillOutcome } from '@gofr-backup/model';
import { drillOutcomeSchema, drillRequestSchema, triggerSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';

const finding = ({ ok, backup, problems }: DrillOutcome): BackupError | undefined =>
  ok
    ? undefined
    : new BackupError('ARCHIVE_DAMAGED', `The drill of ${backup} failed: it did not come back as it was`, {
        why: problems.slice(0, 3).join('; '),
      });

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
  finding,
  deduplicationKey: ({ backup }) => `drill-${backup}`,
});
