/** What is known of a store without asking it: how the last copy went, and what it then held. */
import { join } from 'node:path';
import {
  type BackupPlan,
  type CatalogueEntry,
  type OperationContext,
  type StorePlan,
  type StoreState,
  toBackupError,
} from '@gofr-backup/model';
import { storeStateSchema } from '@gofr-backup/model/schemas';
import { redactStoreUrl } from '@gofr-backup/store';
import { copyStatus, copyStatusOf, type CopyStatus, provedKeys } from '../../offsite/index.ts';
import {
  ensureOwnDirectory,
  parseObject,
  readUnlessClosed,
  stateDirOf,
  writeAtomically,
} from '../../repository/index.ts';
import { cacheDirOf, CACHES } from './copy.ts';

const STATE = 'state.json';

/** `news` replaces what was known. A state that cannot be written is told in the log: no copy fails for it. */
export async function recordStore(
  ctx: OperationContext,
  plan: StorePlan,
  news: Partial<StoreState>,
): Promise<void> {
  const stateDir = stateDirOf(ctx.plan.backupDir);
  const directory = cacheDirOf(stateDir, plan);
  try {
    const before = await storeState(ctx, plan);
    for (const path of [join(stateDir, CACHES), directory]) await ensureOwnDirectory(path, 0o700);
    await writeAtomically(join(directory, STATE), `${JSON.stringify({ ...before, ...news }, null, 2)}\n`);
  } catch (error) {
    const { why } = toBackupError(error, 'recording');
    ctx.logger.warn({ store: plan.name, why }, 'the state of a store could not be kept');
  }
}

/** Reads only. */
export async function storeState(
  { plan }: Pick<OperationContext, 'plan'>,
  store: StorePlan,
): Promise<StoreState> {
  const directory = cacheDirOf(stateDirOf(plan.backupDir), store);
  const { content = '' } = await readUnlessClosed(join(directory, STATE));
  const known = storeStateSchema.safeParse(parseObject(content)).data ?? {};
  const proved = await provedKeys({ cacheDir: directory });
  const drills = (await copyStatus({ cacheDir: directory })).flatMap(({ drilled_at }) => drilled_at ?? []);
  // retention may have removed the copy that was drilled
  if (known.drilled_at !== undefined) drills.push(known.drilled_at);
  const drilled_at = drills.sort().at(-1);
  return {
    ...known,
    store: store.name,
    url: redactStoreUrl(store.url),
    encrypted: store.encryption === 'age',
    keys: store.recipients.map((recipient) => ({ recipient, proved_at: proved[recipient] ?? null })),
    ...(drilled_at !== undefined && { drilled_at }),
  };
}

/** Where a backup has copies, as far as this host knows without asking: one for each store, in their order. */
export async function copiesOf(
  { backupDir }: Pick<BackupPlan, 'backupDir'>,
  stores: readonly Pick<StorePlan, 'name'>[],
  entry: Pick<CatalogueEntry, 'tier' | 'filename' | 'sha256'>,
): Promise<BackupCopy[]> {
  return Promise.all(
    stores.map(async (store) => {
      const status = await copyStatusOf({ cacheDir: cacheDirOf(stateDirOf(backupDir), store) }, entry);
      // one of this name may be of another archive
      const isOfIt = status !== undefined && (entry.sha256 ?? status.sha256) === status.sha256;
      return { store: store.name, ...(isOfIt && { status }) };
    }),
  );
}

export interface BackupCopy {
  store: string;
  /** absent: no copy is known */
  status?: CopyStatus;
}
