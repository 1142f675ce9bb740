import { NoSuchObject, StoreError } from './store-error.ts';
import type { Store } from './store.ts';

/** `what` as in "objects in a directory". */
export function cannotLock(what: string, why: string): StoreError {
  return new StoreError('unsupported', `${what} cannot be locked`, {
    why,
    hint: 'Unset OFFSITE_LOCK_DAYS, or use an S3 bucket with object lock.',
  });
}

/** `lockedUntil` of a store that locks nothing. */
export async function neverLocked(
  store: Pick<Store, 'size'>,
  name: string,
  signal?: AbortSignal,
): Promise<undefined> {
  if ((await store.size(name, signal)) === undefined) throw new NoSuchObject(name);
}
