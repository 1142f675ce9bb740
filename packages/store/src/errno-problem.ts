/** What an errno of a file system or a socket means for a store. Only an errno of permission is told as `forbidden`. */
import { codeOf } from '@gofr-backup/model';
import { StoreError, type StoreProblem } from './store-error.ts';

const PROBLEMS: Record<StoreProblem & ('forbidden' | 'full' | 'unreachable' | 'untrusted'), string[]> = {
  forbidden: ['EACCES', 'EPERM'],
  full: ['ENOSPC', 'EDQUOT', 'EFBIG'],
  unreachable: [
    ...[
      'ECONNREFUSED',
      'ECONNRESET',
      'ECONNABORTED',
      'EPIPE',
      'ETIMEDOUT',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EAI_FAIL',
    ],
    ...[
      'EHOSTUNREACH',
      'EHOSTDOWN',
      'ENETUNREACH',
      'ENETDOWN',
      'ENOTCONN',
      'ESTALE',
      'ERR_SOCKET_CONNECTION_TIMEOUT',
    ],
  ],
  untrusted: [
    ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED'],
    ...['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_NOT_YET_VALID'],
  ],
};

export function problemOf(code: string | undefined): StoreProblem | undefined {
  const kinds = Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[];
  return kinds.find((kind) => code !== undefined && PROBLEMS[kind].includes(code));
}

/** What carries a code becomes a StoreError, `failed` where the code says no more; aborts and our own errors stay what they are. */
export function toStoreError(thrown: unknown, doing: string): unknown {
  const code = codeOf(thrown);
  if (thrown instanceof StoreError || code === undefined || code === 'ABORT_ERR') return thrown;
  return new StoreError(problemOf(code) ?? 'failed', `${doing} failed`, { cause: thrown });
}
