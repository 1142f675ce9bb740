import { StoreError } from '../store-error.ts';

/** Of the header `Date` of an answer. Throws the failure where there was no answer at all. */
export function toDate(date: string | null | undefined, failure?: unknown): Date {
  const told = new Date(date ?? Number.NaN);
  if (!Number.isNaN(told.getTime())) return told;
  if (failure instanceof Error) throw failure;
  throw new StoreError('unsupported', 'the server tells no time', { why: 'its answer has no Date' });
}
