/** Opens a store as its plan describes it. */
import { hostname } from 'node:os';
import { BackupError, type OperationContext, type StorePlan } from '@gofr-backup/model';
import { openStore, parseLocation, type Patience, redactStoreUrl } from '@gofr-backup/store';
import { type Offsite, toOffsiteError } from '../../offsite/index.ts';
import { offsiteOf } from './copy.ts';
import { deviceOf } from '../../repository/index.ts';

/** Disposing of it closes the store. Throws CONFIG when the store cannot be what was meant. */
export async function openStoreOf(
  ctx: OperationContext,
  plan: StorePlan,
  patience: Patience = {},
): Promise<Offsite & AsyncDisposable> {
  const { url, credentials, rate, name } = plan;
  try {
    const location = parseLocation(url);
    if (location.kind === 'directory' && !plan.sameDevice)
      await refuseSameDevice(location.path, ctx.plan.backupDir, name);
    const store = await openStore(url, credentials, {
      patience,
      ...(rate !== undefined && { bytesPerSecond: rate }),
    });
    const offsite = await offsiteOf(ctx, { store, plan, host: hostname() });
    return { ...offsite, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  } catch (error) {
    throw toOffsiteError(error, `opening the store ${name} (${redactStoreUrl(url)})`);
  }
}

/** A disk that dies takes both with it. */
async function refuseSameDevice(path: string, backupDir: string, name: string): Promise<void> {
  const [there, here] = [await deviceOf(path), await deviceOf(backupDir)];
  if (there !== here) return;
  throw new BackupError('CONFIG', `The store ${name} is no second place`, {
    why: `${path} lies on the file system of BACKUP_DIR: what destroys the one destroys the other`,
    hint: 'Mount another disk or machine there, or set OFFSITE_SAME_DEVICE=true.',
  });
}
