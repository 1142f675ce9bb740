/** Whether the file systems have room for a restore, before anything is written. */
import * as fs from 'node:fs';
import {
  BackupError,
  type BytePath,
  displayPath,
  formatNumber,
  formatSize,
  toBytePath,
} from '@gofr-backup/model';
import { parentOf } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import { resolvePlace } from '../ground/resolve-place.ts';
import { nearestAbove } from '../place.ts';
import type { PlannedStage, RestorePlan } from '../restore-plan.ts';

/** The space that a file takes beyond its bytes: its last block, and its share of the directory. */
const PER_ENTRY = 4096;

interface Need {
  /** what for */
  purpose: string;
  /** absolute, every link in it resolved */
  directory: BytePath;
  bytes: number;
  entries: number;
}

/** What takes room besides the restored data. */
export interface RoomFor {
  purpose: string;
  directory: string;
  bytes: number;
}

/** Throws DISK_FULL with the sum per file system. */
export function assertRoom(
  { stages, ground }: Pick<RestorePlan, 'stages' | 'ground'>,
  others: readonly RoomFor[],
): void {
  const needs = stages.map((stage) => stageNeed(stage, ground));
  for (const { purpose, directory, bytes } of others) {
    const place = nearestAbove(resolvePlace(toBytePath(directory)), ground);
    needs.push({ purpose, directory: place, bytes, entries: 3 });
  }
  const byDevice = Map.groupBy(needs, ({ directory }) => ground.directory(directory).stat().dev);
  for (const group of byDevice.values()) assertFits(group, ground);
}

function stageNeed({ workDir, size: { bytes, entries } }: PlannedStage, ground: Ground): Need {
  return {
    purpose: 'the restored data beside the present',
    directory: nearestAbove(parentOf(workDir), ground),
    bytes: bytes + entries * PER_ENTRY,
    entries,
  };
}

function assertFits(needs: Need[], ground: Ground): void {
  const { directory } = needs[0]!;
  const { bavail, bsize, ffree, files } = fs.statfsSync(ground.directory(directory).path);
  const bytes = needs.reduce((sum, need) => sum + need.bytes, 0);
  const entries = needs.reduce((sum, need) => sum + need.entries, 0);
  const free = bavail * bsize;
  if (bytes <= free && (files === 0 || entries <= ffree)) return;
  const parts = needs.map((need) => `${need.purpose} ${formatSize(need.bytes)}`).join(', ');
  const lack =
    bytes <= free
      ? `${formatNumber(entries)} inodes are needed, ${formatNumber(ffree)} are free`
      : `${parts}; ${formatSize(free)} are free`;
  throw new BackupError('DISK_FULL', `There is not enough room in ${displayPath(directory)} to restore`, {
    why: lack,
    hint:
      'Nothing was written. Free space there, restore one component at a time (--only), without a safety backup ' +
      '(--no-safety-backup), or elsewhere (--to DIR).',
    details: { needed: bytes, free, entries },
  });
}
