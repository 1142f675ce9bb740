import { pruneStore } from '@gofr-backup/core';
import { formatCount, formatSize } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { storePlan, type StoreOptions, withStore } from './given.ts';

type Options = StoreOptions & { dryRun?: boolean; force?: boolean };

/** `prune --store`: the store's own retention, now; what goes lies in its trash for a day. */
export async function run(session: Session, _args: string[], options: Options): Promise<void> {
  const { retention: policy } = storePlan(session.settings, options.store);
  const { dryRun = false, force = false } = options;
  const outcome = await withStore(session, options, (offsite) =>
    pruneStore(offsite, { policy, dryRun, force }),
  );
  const { paint } = session;
  const { decisions, held, removed_packs, freed_bytes, refused } = outcome;
  session.answer(outcome, [
    ...decisions.map(
      ({ filename, action, reasons }) =>
        `${action === 'keep' ? paint.good('keep  ') : paint.warn('remove')} ${filename}: ${reasons.join('; ')}`,
    ),
    ...(held === undefined ? [] : [`${paint.warn('held:')} ${held}`]),
    ...(dryRun
      ? ['Nothing was removed.']
      : [`${formatCount(removed_packs, 'pack')} removed, ${formatSize(freed_bytes)} freed`]),
    ...(refused > 0
      ? [`${paint.warn('warning:')} the store refused to remove ${formatCount(refused, 'object')}`]
      : []),
  ]);
}
