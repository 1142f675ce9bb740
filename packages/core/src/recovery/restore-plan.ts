/** What a restore will do, decided once, from the archive's entries and what lies in place; nothing is written for it. */
import { randomBytes } from 'node:crypto';
import type { ArchiveReader, ExtractOptions, ExtractSize } from '@gofr-backup/archive';
import {
  type ArchiveEntry,
  type BackupPlan,
  type CatalogueEntry,
  displayPath,
  type Identity,
  type RestoreRequest,
} from '@gofr-backup/model';
import { lackingText } from '@gofr-backup/posix';
import { conflictCheck } from './conditions/conflicts.ts';
import { withFixedMounts } from './conditions/fixed-mounts.ts';
import { assertFree } from './conditions/free.ts';
import { Ground } from './ground/ground.ts';
import { type MountTable, readMounts } from './mounts.ts';
import { knowHomes } from './place.ts';
import { selectTargets } from './selection/select-targets.ts';
import { type SplitLink, SplitLinks } from './linking/split-links.ts';
import { layStages, type Stage } from './stages.ts';
import type { Target } from './target.ts';
import { assertWritable } from './conditions/writable.ts';

export interface PlannedStage extends Stage {
  size: ExtractSize;
}

/** It is described to a person, checked for room, compared (dry run) or carried out: nobody decides any of this again. */
export interface RestorePlan extends Disposable {
  /** of the work directories and the journal */
  id: string;
  targets: Target[];
  /** the only target must be empty, or not there */
  intoEmpty: boolean;
  stages: PlannedStage[];
  splitLinks: SplitLink[];
  mounts: MountTable;
  /** the way to the targets and stages; closed with the plan */
  ground: Ground;
  /** what of the entries' attributes is restored */
  grants: Required<Pick<ExtractOptions, 'xattrs' | 'privileges'>>;
  warnings: string[];
}

/**
 * Two passes over the entries: their names choose the places, then each is weighed against these. Whatever is wrong with
 * the request is known here, before the long work. Throws USAGE, CONFIG, ARCHIVE_HOSTILE, IO (read-only), PERMISSION, and
 * FAILED for a conflict.
 */
export async function planRestore(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
  withheld: readonly Identity[],
): Promise<RestorePlan> {
  using open = new DisposableStack();
  const ground = open.use(new Ground());
  const mounts = readMounts();
  const selection = await selectTargets(plan, request, entry, reader, withheld, ground);
  const { targets, warnings } = withFixedMounts(selection, mounts, ground);
  assertWritable(targets, mounts, ground);
  const id = randomBytes(8).toString('hex');
  const laid = layStages(targets, mounts, id, ground);
  knowHomes({ targets, stages: laid, ground });
  const split = new SplitLinks(targets, laid);
  const refuse = conflictCheck(targets, ground);
  const stages = await weigh(reader, laid, (entry) => {
    refuse(entry);
    split.see(entry);
  });
  const intoEmpty = request.to !== undefined && request.merge !== true;
  assertFree({ targets, intoEmpty, ground });
  const told = warnings.concat(lackingText(plan) ?? []);
  const grants = grantsOf(plan, request, entry);
  const splitLinks = split.list();
  const kept = open.move();
  const close = (): void => kept.dispose();
  const what = { targets, intoEmpty, stages, splitLinks, grants, warnings: told };
  return { id, ...what, mounts, ground, [Symbol.dispose]: close };
}

/** A setuid program of anybody's must not come to lie in the data by a restore as root. */
const grantsOf = (
  { xattrs }: BackupPlan,
  { trustModes }: RestoreRequest,
  { adopted }: CatalogueEntry,
): RestorePlan['grants'] => ({ xattrs: xattrs ?? true, privileges: trustModes === true || adopted !== true });

/** `see` is given every entry, and may refuse it. */
async function weigh(
  reader: ArchiveReader,
  stages: Stage[],
  see: (entry: ArchiveEntry) => void,
): Promise<PlannedStage[]> {
  const selections = stages.map(({ paths }) => paths?.map(displayPath));
  const sizes = await reader.measure(selections, see);
  return stages.map((stage, at) => ({ ...stage, size: sizes[at]! }));
}
