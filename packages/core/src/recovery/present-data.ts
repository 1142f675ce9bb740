/** What lies in the places of the components now: how much it is, and what saving it takes. */
import type { BigIntStats } from 'node:fs';
import {
  type BackupPlan,
  type BytePath,
  type CatalogueEntry,
  type Identity,
  isOneOf,
  isWorkDir,
  toBytePath,
} from '@gofr-backup/model';
import { walk } from '@gofr-backup/posix';

/** An estimate of the size of a backup of the present data, from the compression of the newest backup. */
export function estimateSafetyBackup(
  plan: BackupPlan,
  catalogue: readonly CatalogueEntry[],
  withheld: readonly Identity[],
): number {
  const model = catalogue.find((entry) => (entry.source_bytes ?? 0) > 0);
  const ratio = model ? Math.min(1, model.size_bytes / model.source_bytes!) : 1;
  return Math.ceil(countFiles(componentRoots(plan), withheld).bytes * ratio * 1.1) + plan.minFree;
}

export function componentRoots(plan: BackupPlan): BytePath[] {
  return [...new Set(plan.components.map(({ root }) => toBytePath(root)))];
}

/** Neither work directories of restores, which may be closed to this user, nor what is withheld. */
const isNoData =
  (withheld: readonly Identity[]) =>
  (path: BytePath, stat: BigIntStats): boolean =>
    isWorkDir(path) || isOneOf(stat, withheld);

/** Files and links, and the bytes of files, in these places together, but for work directories and `withheld` ones. */
export function countFiles(
  places: BytePath[],
  withheld: readonly Identity[],
): { files: number; bytes: number } {
  const count = { files: 0, bytes: 0 };
  for (const place of places) {
    for (const { stat } of walk(place, isNoData(withheld))) {
      if (stat.isDirectory()) continue;
      count.files++;
      if (stat.isFile()) count.bytes += Number(stat.size);
    }
  }
  return count;
}

export function hasFiles(places: BytePath[], withheld: readonly Identity[]): boolean {
  for (const place of places)
    for (const { stat } of walk(place, isNoData(withheld))) if (!stat.isDirectory()) return true;
  return false;
}
