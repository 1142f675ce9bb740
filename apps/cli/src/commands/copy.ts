import { copyPlansFrom } from '@gofr-backup/config';
import { bringBack } from '@gofr-backup/core';
import { BackupError, type CopyOutcome, formatCount, formatSize, type StorePlan } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { storePlan, type StoreOptions, withStore } from '../store/given.ts';
import { keepingService } from '../queue/reach-queue.ts';
import { perform } from '../queue/work.ts';

interface Options extends StoreOptions {
  all?: boolean;
  back?: boolean;
  takeOver?: boolean;
}

export async function run(session: Session, [name]: string[], options: Options): Promise<void> {
  if (name !== undefined && options.all)
    throw new BackupError('USAGE', 'Choose only one of: a name, --all', {
      why: 'a name and --all exclude each other',
      hint: 'Give a name, or --all.',
    });
  if (options.back) return fetchBack(session, name, options);
  const outcomes = await copyToStores(session, options, name);
  session.answer(
    outcomes.length === 1 ? outcomes[0] : { stores: outcomes },
    outcomes.flatMap((one) => copyLines(session, one)),
  );
}

/** One after the other: they share this host's line. */
export function copyToStores(session: Session, options: Options, name?: string): Promise<CopyOutcome[]> {
  const stores = storesOf(session, options);
  return keepingService(session, async (kept) => {
    const outcomes: CopyOutcome[] = [];
    for (const { name: store } of stores) {
      const { result } = await perform(kept, 'copy', {
        store,
        ...(name !== undefined && { backup: name }),
        ...(options.all && { all: true }),
        ...(options.takeOver && { takeOver: true }),
      });
      outcomes.push(result);
    }
    return outcomes;
  });
}

/** Copies are made by the worker, which knows the stores of its settings alone. */
function storesOf({ settings }: Session, { store }: Options): StorePlan[] {
  const plans = copyPlansFrom(settings);
  const chosen = store === undefined ? plans : plans.filter(({ name }) => name === store);
  if (chosen.length > 0) return chosen;
  throw new BackupError(
    'CONFIG',
    store === undefined ? 'There is no store to copy to' : `There is no store ${store}`,
    {
      why: `the settings name ${plans.map(({ name }) => name).join(', ') || 'none'}`,
      hint: 'Set OFFSITE_URL, and the keys that `gofr-backup key new` makes; see docs/offsite.md.',
    },
  );
}

export function copyLines({ paint }: Session, { store, copies }: CopyOutcome): string[] {
  if (copies.length === 0) return [`${paint.good('✓')} ${store}: everything good was there already`];
  return copies.map(({ filename, bytes_sent, bytes_total, packs, already }) => {
    const sent = already
      ? 'was there already'
      : `sent ${formatSize(bytes_sent)} of ${formatSize(bytes_total)} in ${formatCount(packs, 'pack')}`;
    return `${paint.good('✓')} ${store}: ${filename} ${sent}`;
  });
}

async function fetchBack(session: Session, name: string | undefined, options: Options): Promise<void> {
  const { paint } = session;
  const entry = await withStore(session, options, (offsite) =>
    bringBack(session.context('copy'), offsite, name ?? 'latest'),
  );
  session.screen.clear();
  session.answer({ store: storePlan(session.settings, options.store).name, backup: entry }, [
    `${paint.good('✓')} ${entry.filename} is back in ${session.plan.backupDir}, ${entry.verified ? 'verified' : 'not verified'}`,
  ]);
}
