import * as z from 'zod';
import { BackupError } from '@gofr-backup/model';
import { type JobName, JOBS, type Payload } from './index.ts';

/** The payload as the contract knows it, unknown fields left out; throws USAGE. */
export function parsePayload<Name extends JobName>(name: Name, input: unknown): Payload<Name> {
  const parsed = JOBS[name].payload.safeParse(input);
  if (parsed.success) return parsed.data as Payload<Name>;
  throw new BackupError('USAGE', `This is not a ${name} job`, { why: z.prettifyError(parsed.error) });
}

/** The key by which two jobs are the same; undefined: each is a job of its own. */
export const deduplicationKey = <Name extends JobName>(
  name: Name,
  payload: Payload<Name>,
): string | undefined =>
  (JOBS[name].deduplicationKey as (payload: Payload<Name>) => string | undefined)(payload);

/** What of a payload counts without a signature; undefined: the job may not begin. */
export const withoutSignature = <Name extends JobName>(
  name: Name,
  payload: Payload<Name>,
): Payload<Name> | undefined =>
  (JOBS[name].unsigned as (payload: Payload<Name>) => Payload<Name> | undefined)(payload);
