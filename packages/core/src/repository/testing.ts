/** For tests: a backup directory with backups whose content does not matter. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CatalogueEntry,
  type Clock,
  noProgress,
  type Ports,
  silentLogger,
  type Tier,
} from '@gofr-backup/model';
import type { RepositoryOptions } from './options.ts';
import { openRepository } from './repository.ts';
import type { CommitFacts, Repository } from './repository.ts';
import { withLock } from './lock/lock.ts';

export const portsWith = (clock: Clock): Ports => ({
  clock,
  logger: silentLogger,
  progress: noProgress,
  signal: new AbortController().signal,
});

export async function scratchRepository(
  clock: Clock,
  options: Partial<RepositoryOptions> = {},
): Promise<Repository & AsyncDisposable> {
  const backupDir = await mkdtemp(join(tmpdir(), 'gofr-repository-'));
  const defaults = { backupDir, project: 'plot', prefix: 'gofr-plot', timezone: 'UTC', logger: silentLogger };
  const repository = await openRepository({ ...defaults, clock, ...options });
  return Object.assign(repository, {
    [Symbol.asyncDispose]: () => rm(backupDir, { recursive: true, force: true }),
  });
}

export const locked = <T>(repository: Repository, clock: Clock, work: () => Promise<T>): Promise<T> =>
  withLock(repository, { owner: 'test', operation: 'test', ports: portsWith(clock) }, work);

/** Commits `content` as an archive of the instant `at`. */
export async function addBackup(
  repository: Repository,
  at: number,
  content: string,
  { tier = 'daily', ...facts }: Partial<CommitFacts> & { tier?: Tier } = {},
): Promise<CatalogueEntry> {
  const reservation = await repository.reserve({ tier, at, compression: 'gzip' });
  await writeFile(reservation.archivePath, content, { flag: 'wx' });
  await writeFile(reservation.indexPath, 'index', { flag: 'wx' });
  const sha256 = createHash('sha256').update(content).digest('hex');
  return repository.commit(reservation, { sha256, status: 'unverified', compression: 'gzip', ...facts });
}
