import { BackupError, formatCount, type VerifyOutcome } from '@gofr-backup/model';
import { triggerSchema, verifyOutcomeSchema, verifyRequestSchema } from '@gofr-backup/model/schemas';
import { defineJob, THREE_ATTEMPTS, UNATTENDED, WATCHED } from './contract.ts';

export const verify = defineJob({
  name: 'verify',
  payload: verifyRequestSchema.extend({ trigger: triggerSchema.prefault('manual') }),
  result: verifyOutcomeSchema,
  ...THREE_ATTEMPTS,
  patience: ({ trigger }) => (trigger === 'schedule' ? UNATTENDED : WATCHED),
  unsigned: (payload) => payload,
  finding,
  deduplicationKey: ({ names, which }) => (names ? undefined : `verify-${which ?? 'latest'}`),
});

/** Damage outranks an archive that could not be read. */
function finding({ results }: VerifyOutcome): BackupError | undefined {
  const bad = results.filter(({ ok }) => !ok);
  const first = bad.find(({ code }) => code === 'ARCHIVE_DAMAGED') ?? bad[0];
  if (first === undefined) return undefined;
  const { code = 'ARCHIVE_DAMAGED', filename, problems } = first;
  const what = code === 'ARCHIVE_DAMAGED' ? 'failed verification' : 'could not be verified';
  const message =
    bad.length === 1
      ? `${filename} ${what}`
      : `${formatCount(bad.length, 'backup')} ${what}, ${filename} among them`;
  return new BackupError(code, message, { why: problems.slice(0, 3).join('; ') });
}
