/** What an HTTP server's answer means, and what it means that there is none. */
import { codeOf } from '@gofr-backup/model';
import { toStoreError } from '../errno-problem.ts';
import { StoreError, type StoreProblem } from '../store-error.ts';

export function byStatus(status: number): StoreProblem {
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 413 || status === 507) return 'full';
  if (status === 423 || status === 429 || status === 503) return 'busy';
  if (status === 408 || status === 502 || status === 504) return 'unreachable';
  if (status === 405 || status === 501) return 'unsupported';
  return status >= 500 ? 'failed' : 'misconfigured';
}

export function statusError(status: number, doing: string, said: string): StoreError {
  const why = `the server answers ${status}${said === '' ? '' : `: ${said}`}`;
  return new StoreError(byStatus(status), `${doing} failed`, { why });
}

/** Aborts stay what they are; what is no HTTP comes from a server of another kind. */
export function httpError(thrown: unknown, doing: string): unknown {
  if (codeOf(thrown)?.startsWith('HPE_'))
    return new StoreError('misconfigured', `${doing} failed`, {
      why: 'what answers there does not speak HTTP',
      cause: thrown,
    });
  return toStoreError(thrown, doing);
}
