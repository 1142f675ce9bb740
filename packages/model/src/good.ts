import type { CatalogueEntry } from './catalogue-entry.ts';
import type { RetentionPolicy } from './plan.ts';

/** The part of the policy that decides whether a status counts as good. */
export type Counting = Pick<RetentionPolicy, 'unverifiedIsGood'>;

/** Whether a backup counts as good. One that this installation did not make has to be verified whatever the policy. */
export const countsAsGood = (
  { status, adopted }: Pick<CatalogueEntry, 'status' | 'adopted'>,
  { unverifiedIsGood }: Counting,
): boolean => status === 'good' || (unverifiedIsGood && status === 'unverified' && adopted !== true);

/** Whether it has yet to be verified before its record counts for anything. */
export const isInDoubt = ({ adopted, verified }: Pick<CatalogueEntry, 'adopted' | 'verified'>): boolean =>
  adopted === true && !verified;
