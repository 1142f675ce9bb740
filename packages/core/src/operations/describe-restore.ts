/** What a restore would overwrite, for the question put to a person. */
import {
  type CatalogueEntry,
  displayPath,
  isFuture,
  type OperationContext,
  type RestoreRequest,
} from '@gofr-backup/model';
import type { ArrivingArchive } from '../offsite/index.ts';
import { countFiles, type RestorePlan, type Target } from '../recovery/index.ts';
import type { Repository } from '../repository/index.ts';
import { repositoryOf } from './context.ts';
import { planFor, salvage, whileArriving, withReader } from './plan-restore.ts';
import type { RestoreHow } from './restore.ts';

/** A place that a restore would write to, for the question that a person answers. */
export interface RestoreTarget {
  /** component names, e.g. `['storage']`; empty for `--to` and `--path` */
  components: string[];
  /** absolute path on disk, display form */
  place: string;
  /** replace: becomes exactly what the archive holds; lay-over: other files stay; create: nothing is there now */
  effect: 'replace' | 'lay-over' | 'create';
  /** what lies there now */
  present: { files: number; bytes: number };
}
export interface RestoreDescription {
  backup: CatalogueEntry;
  targets: RestoreTarget[];
  warnings: string[];
}

/** The places that `restore` would overwrite. Reads only; throws the same errors about the request as restore. */
export function describeRestore(
  ctx: OperationContext,
  request: RestoreRequest,
  { arriving }: Pick<RestoreHow, 'arriving'> = {},
): Promise<RestoreDescription> {
  return whileArriving(arriving, (coming) => describe(ctx, request, coming));
}

async function describe(
  ctx: OperationContext,
  request: RestoreRequest,
  arriving: ArrivingArchive | undefined,
): Promise<RestoreDescription> {
  const repository = await repositoryOf(ctx);
  const entry = await repository.find(request.backup);
  return withReader(
    ctx,
    repository,
    entry,
    async (reader) => {
      // without an index nothing can be salvaged, which is known before anything is read
      if (request.salvage && !(reader.indexed && request.to !== undefined))
        await salvage(ctx, request, reader);
      using plan = await planFor(ctx, request, entry, reader);
      const newer = request.backup === 'latest' ? await passedOver(repository, entry, ctx.clock.now()) : [];
      const targets = plan.targets.map((target) => describeTarget(target, plan));
      return { backup: entry, targets, warnings: [...newer, ...plan.warnings] };
    },
    { ...request, arriving },
  );
}

/** The warning that tells why `latest` is not the newest backup. */
async function passedOver(repository: Repository, chosen: CatalogueEntry, now: number): Promise<string[]> {
  const entries = await repository.catalogue();
  const place = entries.findIndex(({ filename }) => filename === chosen.filename);
  return entries.slice(0, Math.min(Math.max(place, 0), 5)).map((entry) => {
    const { filename, status, trigger } = entry;
    if (isFuture(entry, now)) return `${filename} is dated in the future: passed over`;
    const what = trigger === 'pre-restore' ? 'saved by a restore' : status;
    return `${filename} is newer, but ${what}: passed over`;
  });
}

function describeTarget(
  { components, place, merge, withheld }: Target,
  { ground }: RestorePlan,
): RestoreTarget {
  const effect = !ground.exists(place) ? 'create' : merge ? 'lay-over' : 'replace';
  return { components, place: displayPath(place), effect, present: countFiles([place], withheld, ground) };
}
