/** Copies backups to a store. No lock is taken: the backup directory stays as it is, and a copy may take hours. */
import { join } from 'node:path';
import { BackupError, type OperationContext, type StorePlan, toBackupError } from '@gofr-backup/model';
import type { Store } from '@gofr-backup/store';
import {
  type CopyRequest,
  type CopyResult,
  copyToStore,
  type Offsite,
  readIdentities,
} from '../../offsite/index.ts';
import type { Repository } from '../../repository/index.ts';
import { repositoryOf } from '../context.ts';
import { expectedSha256 } from '../expected-sha256.ts';

/** Below the state directory; a directory for each store. */
export const CACHES = 'offsite';

/** What this host knows of one store. */
export const cacheDirOf = (stateDir: string, { name }: Pick<StorePlan, 'name'>): string =>
  join(stateDir, CACHES, name);

/** An opened store, as its plan describes it. */
export interface StoreOf {
  store: Store;
  plan: StorePlan;
  /** this host's name, for people */
  host: string;
}

/** What the operations on a store are given. */
export async function offsiteOf(ctx: OperationContext, { store, plan, host }: StoreOf): Promise<Offsite> {
  const { clock, logger, progress, signal } = ctx;
  const repository = await repositoryOf(ctx);
  const { encryption, recipients, identity, name, lockDays } = plan;
  return {
    ...{ clock, logger, progress, signal, store, host, name, lockDays },
    project: ctx.plan.project,
    cacheDir: cacheDirOf(repository.stateDir, plan),
    encryption: encryption === 'age' ? { kind: 'age', recipients } : { kind: 'none' },
    identities: identity === undefined ? [] : await readIdentities(Buffer.from(identity)),
    signingKey: await repository.signer(),
  };
}

type How = Pick<CopyRequest, 'takeOver' | 'listed'>;

/** `name`: a file name, or `latest`. Only what may be restored is copied: DECLINED for a damaged backup. */
export async function copy(
  ctx: OperationContext,
  offsite: Offsite,
  name: string,
  how: How = {},
): Promise<CopyResult> {
  try {
    const repository = await repositoryOf(ctx);
    return await copyFrom(repository, offsite, name, how);
  } catch (error) {
    throw toBackupError(error, 'copy');
  }
}

async function copyFrom(
  repository: Repository,
  offsite: Offsite,
  name: string,
  how: How,
): Promise<CopyResult> {
  const entry = await repository.find(name);
  if (entry.status === 'corrupt' || entry.status === 'incomplete')
    throw new BackupError('DECLINED', `${entry.filename} was not copied`, {
      why: `it is ${entry.status}, and a copy would be no better`,
      hint: 'Copy a good one; see `gofr-backup list`.',
    });
  return copyToStore(offsite, {
    ...how,
    entry,
    archivePath: repository.pathOf(entry),
    indexPath: repository.indexPathOf(entry),
    sha256: await expectedSha256(repository, entry),
    archiveOf: (copied) => repository.pathOf(copied),
  });
}
