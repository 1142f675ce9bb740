/** `doctor --store`: what lies in a store, and what goes there and comes back in a month. */
import { costsOf, lookAt, type StoreCosts } from '@gofr-backup/core';
import { formatCount, formatNumber, formatSize } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { storePlan, type StoreOptions, withStore } from './given.ts';

export type NamedCosts = StoreCosts & { store: string };

export function storeCosts(session: Session, options: StoreOptions): Promise<NamedCosts> {
  const plan = storePlan(session.settings, options.store);
  return withStore(session, options, async (offsite) => {
    const look = await lookAt(offsite);
    const drills = plan.encryption === 'none' || plan.identity !== undefined;
    return { store: offsite.name, ...costsOf(look, plan, { now: offsite.clock.now(), drills }) };
  });
}

export function costLines({ store, stored, a_copy, a_month }: NamedCosts): string[] {
  const { copies, puts, lists, gets, sent_bytes, read_bytes } = a_month;
  return [
    '',
    `What ${store} costs, to be multiplied by the prices of the provider:`,
    `  stored     ${formatSize(stored.bytes)} in ${formatCount(stored.objects, 'object')}`,
    `  a copy     about ${formatSize(a_copy.bytes)} in ${formatCount(a_copy.packs, 'pack')}`,
    `  a month    ${formatCount(copies, 'copy', 'copies')}: ${formatSize(sent_bytes)} sent, ${formatSize(read_bytes)} read back`,
    `             ${formatNumber(puts)} PUT, ${formatNumber(lists)} LIST, ${formatNumber(gets)} GET and HEAD`,
  ];
}
