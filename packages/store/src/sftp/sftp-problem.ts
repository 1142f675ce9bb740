/** What an answer of SFTP means. The protocol has few codes: whatever has none of its own is a `failure`. */
import { codeOf } from '@gofr-backup/model';
import { toStoreError } from '../errno-problem.ts';
import { StoreError, type StoreProblem } from '../store-error.ts';

const MISSING = 2;
const FORBIDDEN = 3;
const FAILURE = 4;
const NO_CONNECTION = 6;
const CONNECTION_LOST = 7;
const UNSUPPORTED = 8;

const numberOf = (thrown: unknown): number | undefined => {
  const { code } = thrown as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
};

export const isMissing = (thrown: unknown): boolean => numberOf(thrown) === MISSING;
export const isForbidden = (thrown: unknown): boolean => numberOf(thrown) === FORBIDDEN;
export const isFailure = (thrown: unknown): boolean => numberOf(thrown) === FAILURE;

/** An extension that the server has not, by its own word or by ssh2's, which knows what the server announced. */
export const isUnknown = (thrown: unknown): boolean =>
  numberOf(thrown) === UNSUPPORTED ||
  (thrown instanceof Error && thrown.message === 'Server does not support this extended request');

const PROBLEMS: Partial<Record<number, StoreProblem>> = {
  [MISSING]: 'failed',
  [FORBIDDEN]: 'forbidden',
  [FAILURE]: 'failed',
  [NO_CONNECTION]: 'unreachable',
  [CONNECTION_LOST]: 'unreachable',
  [UNSUPPORTED]: 'unsupported',
};

/** An abort comes out as it is; what ssh2 says of a connection that is gone has no code. */
export function sftpError(thrown: unknown, doing: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (thrown instanceof StoreError || !(thrown instanceof Error)) return thrown;
  const number = numberOf(thrown);
  if (number === undefined && codeOf(thrown) !== undefined) return toStoreError(thrown, doing);
  const kind = number === undefined ? 'unreachable' : (PROBLEMS[number] ?? 'failed');
  const why = number === undefined ? thrown.message : `the server says "${thrown.message}" (${number})`;
  return new StoreError(kind, `${doing} failed`, { why, cause: thrown });
}
