import { StoreError } from './store-error.ts';

/** `what` as in "objects in a directory". */
export function cannotLock(what: string, why: string): StoreError {
  return new StoreError('unsupported', `${what} cannot be locked`, {
    why,
    hint: 'Unset OFFSITE_LOCK_DAYS, or use an S3 bucket with object lock.',
  });
}
