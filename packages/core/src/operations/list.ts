import {
  type Catalogue,
  type CatalogueEntry,
  isFuture,
  isInDoubt,
  type OperationContext,
  type Tier,
  untilNow,
} from '@gofr-backup/model';
import type { ForeignBackups } from '../repository/index.ts';
import { repositoryOf } from './context.ts';

export interface ListOutcome {
  project: string;
  /** newest first */
  backups: CatalogueEntry[];
  summary: {
    total: number;
    size_bytes: number;
    /** hard links counted once */
    disk_bytes: number;
    /** `timestamp`s; null when there is none */
    oldest: string | null;
    newest: string | null;
  };
  /** names of those dated in the future, which count for nothing; absent when there are none */
  future?: string[];
  /** of other projects, which are never touched; absent when there are none */
  foreign?: ForeignBackups[];
  /** how many have no record that this installation signed, and count for nothing until they are verified; absent: none */
  adopted?: number;
}

/** Takes no lock. */
export async function list(ctx: OperationContext, request: { tier?: Tier } = {}): Promise<ListOutcome> {
  const repository = await repositoryOf(ctx);
  const known = await repository.known();
  const { foreign } = known;
  const backups = known.list().filter(({ tier }) => request.tier === undefined || tier === request.tier);
  const summary = {
    total: backups.length,
    size_bytes: totalSize(backups),
    disk_bytes: known.diskBytes(backups),
    oldest: backups.at(-1)?.timestamp ?? null,
    newest: newestOf(backups, ctx.clock.now())?.timestamp ?? null,
  };
  const future = backups.filter((entry) => isFuture(entry, ctx.clock.now())).map(({ filename }) => filename);
  const adopted = backups.filter(isInDoubt).length;
  return {
    ...{ project: ctx.plan.project, backups, summary },
    ...(future.length > 0 ? { future } : {}),
    ...(foreign.length > 0 ? { foreign } : {}),
    ...(adopted > 0 ? { adopted } : {}),
  };
}

/** The newest of backups in the order newest first. A backup dated in the future only when there is no other. */
export const newestOf = (backups: Catalogue, now: number): CatalogueEntry | undefined =>
  untilNow(backups, now)[0] ?? backups[0];

/** One backup's record, by name or `latest`: NO_SUCH_BACKUP. `before`: what `latest` meant then. Takes no lock. */
export async function show(
  ctx: OperationContext,
  name: string,
  options: { before?: number } = {},
): Promise<CatalogueEntry> {
  return (await repositoryOf(ctx)).find(name, options);
}

export const totalSize = (backups: Catalogue): number =>
  backups.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
