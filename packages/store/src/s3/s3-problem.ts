/** What an S3 server's answer means. Providers agree on few codes: the HTTP status decides where the code is strange. */
import { StoreError, type StoreProblem } from '../store-error.ts';
import { toStoreError } from '../errno-problem.ts';
import { byStatus } from '../http/http-problem.ts';

const BY_CODE: Record<string, StoreProblem> = {
  QuotaExceeded: 'full',
  InsufficientCapacity: 'full',
  SlowDown: 'busy',
  TooManyRequests: 'busy',
  RequestLimitExceeded: 'busy',
  ConditionalRequestConflict: 'busy',
  OperationAborted: 'busy',
  RequestTimeout: 'unreachable',
  TimeoutError: 'unreachable',
  NoSuchBucket: 'misconfigured',
  InvalidBucketName: 'misconfigured',
  PermanentRedirect: 'misconfigured',
  AuthorizationHeaderMalformed: 'misconfigured',
  CredentialsProviderError: 'misconfigured',
};

const HINTS: Partial<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket, or correct its name in OFFSITE_URL.',
  PermanentRedirect: 'Set ?region=… and ?endpoint=… of the bucket in OFFSITE_URL.',
  AuthorizationHeaderMalformed: 'Set ?region=… of the bucket in OFFSITE_URL.',
  CredentialsProviderError: 'Set OFFSITE_ACCESS_KEY and OFFSITE_SECRET_KEY.',
  RequestTimeTooSkewed: "Set this host's clock right.",
};

/** Aborts and our own errors stay what they are. */
export function s3Error(thrown: unknown, doing: string): unknown {
  if (thrown instanceof StoreError || !(thrown instanceof Error) || thrown.name === 'AbortError')
    return thrown;
  const status = statusOf(thrown);
  const kind =
    BY_CODE[thrown.name] ??
    (isSkewed(thrown) ? 'failed' : status === undefined ? undefined : byStatus(status));
  if (kind === undefined) return toStoreError(thrown, doing);
  const hint = HINTS[thrown.name];
  const why = `${thrown.name}${status === undefined ? '' : ` (${status})`}: ${thrown.message}`;
  return new StoreError(kind, `${doing} failed`, { why, cause: thrown, ...(hint && { hint }) });
}

/** The client has learnt the server's time from this answer, which without a body is an unexplained 403: the next try is right. */
function isSkewed(thrown: Error): boolean {
  const found = thrown as { $metadata?: { clockSkewCorrected?: boolean } };
  return thrown.name === 'RequestTimeTooSkewed' || found.$metadata?.clockSkewCorrected === true;
}

/** undefined: there was no answer. */
export function statusOf(thrown: unknown): number | undefined {
  const found = thrown as { $metadata?: { httpStatusCode?: number } };
  return found.$metadata?.httpStatusCode;
}
