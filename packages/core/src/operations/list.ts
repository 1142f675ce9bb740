import type { Catalogue, CatalogueEntry, Tier } from '../catalogue.ts';
import { repositoryOf } from './context.ts';
import type { OperationContext } from './types.ts';

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
}

/** Takes no lock. */
export async function list(ctx: OperationContext, request: { tier?: Tier } = {}): Promise<ListOutcome> {
  const repository = await repositoryOf(ctx);
  const known = await repository.known();
  const backups = known.list().filter(({ tier }) => request.tier === undefined || tier === request.tier);
  const summary = {
    total: backups.length,
    size_bytes: totalSize(backups),
    disk_bytes: known.diskBytes(backups),
    oldest: backups.at(-1)?.timestamp ?? null,
    newest: backups[0]?.timestamp ?? null,
  };
  return { project: ctx.plan.project, backups, summary };
}

/** One backup's record, by name or `latest`. Takes no lock. */
export async function show(ctx: OperationContext, name: string): Promise<CatalogueEntry> {
  return (await repositoryOf(ctx)).find(name);
}

export const totalSize = (backups: Catalogue): number =>
  backups.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
