/** What lies in the places of the components now: how much it is, and what saving it takes. */
import {
  type BackupPlan,
  type BytePath,
  type CatalogueEntry,
  type Identity,
  isOneOf,
  isWorkDir,
} from '@gofr-backup/model';
import { dataBytes, type FileStat, isDirectory, isFile } from '@gofr-backup/posix';
import { Ground } from './ground/ground.ts';
import { resolvedRoot } from './roots.ts';

/** An estimate of the size of a backup of the present data, from the compression of the newest backup. */
export function estimateSafetyBackup(
  plan: BackupPlan,
  catalogue: readonly CatalogueEntry[],
  withheld: readonly Identity[],
): number {
  const model = catalogue.find((entry) => (entry.source_bytes ?? 0) > 0);
  const ratio = model ? Math.min(1, model.size_bytes / model.source_bytes!) : 1;
  using ground = new Ground();
  return Math.ceil(countFiles(componentRoots(plan), withheld, ground).bytes * ratio * 1.1) + plan.minFree;
}

function componentRoots(plan: BackupPlan): BytePath[] {
  return [...new Set(plan.components.map(({ root }) => resolvedRoot(plan, root)))];
}

/** Neither work directories of restores, which may be closed to this user, nor what is withheld. */
const isNoData =
  (withheld: readonly Identity[]) =>
  (path: BytePath, stat: FileStat): boolean =>
    isWorkDir(path) || isOneOf(stat, withheld);

/** Files and links, and the bytes of files without their holes, in these places together, but for work directories and `withheld` ones. */
export function countFiles(
  places: BytePath[],
  withheld: readonly Identity[],
  ground: Ground,
): { files: number; bytes: number } {
  const count = { files: 0, bytes: 0 };
  for (const place of places) {
    for (const { path, stat } of ground.walk(place, isNoData(withheld))) {
      if (isDirectory(stat)) continue;
      count.files++;
      if (isFile(stat)) count.bytes += dataBytes(path, stat);
    }
  }
  return count;
}

/** Whether the components have any. */
export function hasFiles(plan: BackupPlan, withheld: readonly Identity[]): boolean {
  using ground = new Ground();
  for (const place of componentRoots(plan))
    for (const { stat } of ground.walk(place, isNoData(withheld))) if (!isDirectory(stat)) return true;
  return false;
}
