/** What a worker may do for a job: all it asks for with the signature of its installation, else what does no harm. */
import { OUTCOME } from '../jobs/finding.ts';
import { type Clock, HOUR, type Logger, MINUTE } from '@gofr-backup/model';
import { type JobName, JOBS, type Payload } from '../jobs/index.ts';
import { parsePayload, withoutSignature } from '../jobs/payload.ts';
import { again, secondLife, stale, unsigned } from './refusals.ts';
import {
  isSignedBy,
  type KeySource,
  type Request,
  sign,
  type Signature,
  signatureSchema,
} from './signature.ts';
import type { SpentRequests } from './spent.ts';

/** How old a signature may be when its job begins, and how far clocks of two hosts may differ. */
const LIFETIME = 24 * HOUR;
const SKEW = 5 * MINUTE;

export interface JudgeOptions {
  project: string;
  key: KeySource;
  /** undefined: nobody but this process reaches the queue, so nothing is put there twice */
  spent?: SpentRequests | undefined;
  clock: Clock;
  logger: Logger;
}

/** A job as it lies in Redis. */
export interface Claim<Name extends JobName> {
  name: Name;
  id: string;
  data: unknown;
}

export interface Admitted<Name extends JobName> {
  payload: Payload<Name>;
  /** false: anybody who can write to Redis can have asked */
  signed: boolean;
}

export interface Judge {
  /** Throws USAGE for a payload that breaks the contract, PERMISSION or CANCELLED for what may not begin. */
  admit<Name extends JobName>(claim: Claim<Name>): Promise<Admitted<Name>>;
  /** The signature for what the worker itself writes; undefined without a key. */
  sign(request: Omit<Request, 'project'>): Promise<Signature | undefined>;
  /** The job goes on later. */
  release(id: string): Promise<void>;
  /** The job has ended, and is not begun again. */
  end(id: string): Promise<void>;
}

export function judgeOf({ project, key, spent, clock, logger }: JudgeOptions): Judge {
  const keyOrNone = () =>
    key().catch((error: unknown) => {
      logger.error({ err: error }, 'requests cannot be checked: restores through the queue are refused');
      return undefined;
    });
  /** of jobs of this process that carry a signature */
  const signed = new Set<string>();
  return {
    async admit({ name, id, data }) {
      const payload = parsePayload(name, data);
      const signature = validSignature({ project, name, id, data }, await keyOrNone());
      if (signature === undefined) return { payload: harmless(name, payload), signed: false };
      signed.add(id);
      await spent?.forget(clock.now() - 2 * LIFETIME);
      const standing = (await spent?.begin(id)) ?? 'new';
      if (standing === 'ended') throw again(name);
      if (standing === 'begun' && 'endsWithItsWorker' in JOBS[name]) throw secondLife(name);
      const age = clock.now() - signature.issued;
      if (standing === 'new' && (age > LIFETIME || age < -SKEW)) throw stale(name, age);
      return { payload, signed: true };
    },
    async sign(request) {
      const known = await keyOrNone();
      if (known) signed.add(request.id);
      return known && sign(known, { project, ...request }, clock.now());
    },
    async release(id) {
      await spent?.release(id);
    },
    async end(id) {
      if (signed.delete(id)) await spent?.end(id);
    },
  };
}

/** It has no key: nothing that needs a signature begins. */
export const keylessJudge = (options: Pick<JudgeOptions, 'project' | 'clock' | 'logger'>): Judge =>
  judgeOf({ ...options, key: () => Promise.resolve(undefined) });

function validSignature(
  { project, name, id, data }: Claim<JobName> & { project: string },
  key: Buffer | undefined,
): Signature | undefined {
  const { signature, payload } = partsOf(data);
  if (key === undefined || signature === undefined) return undefined;
  return isSignedBy(key, { project, name, id, payload }, signature) ? signature : undefined;
}

/** A job's data: the payload, its signature, and what the worker notes with it. */
export function partsOf(data: unknown): { payload: object; signature: Signature | undefined } {
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  const {
    signature,
    busySince: _,
    [OUTCOME]: __,
    ...payload
  } = (isObject ? data : {}) as Record<string, unknown>;
  return { payload, signature: signatureSchema.safeParse(signature).data };
}

function harmless<Name extends JobName>(name: Name, payload: Payload<Name>): Payload<Name> {
  const left = withoutSignature(name, payload);
  if (left !== undefined) return left;
  throw unsigned(name);
}
