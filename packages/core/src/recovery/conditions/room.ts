/** Whether the file systems have room for a restore, before anything is written. */
import * as fs from 'node:fs';
import {
  BackupError,
  type BytePath,
  displayPath,
  formatNumber,
  formatSize,
  fsPath,
  toBytePath,
} from '@gofr-backup/model';
import { lstatIfPresent, parentOf } from '@gofr-backup/posix';
import { nearestAbove } from '../place.ts';
import type { PlannedStage } from '../restore-plan.ts';

/** The space that a file takes beyond its bytes: its last block, and its share of the directory. */
const PER_ENTRY = 4096;

interface Need {
  /** what for */
  purpose: string;
  directory: BytePath;
  bytes: number;
  entries: number;
}

/** Throws DISK_FULL with the sum per file system. */
export function assertRoom(
  stages: readonly PlannedStage[],
  safety: { directory: string; bytes: number } | undefined,
): void {
  const needs = stages.map(stageNeed);
  if (safety)
    needs.push({
      purpose: 'the safety backup',
      directory: nearestAbove(toBytePath(safety.directory)),
      bytes: safety.bytes,
      entries: 3,
    });
  const byDevice = Map.groupBy(needs, ({ directory }) => lstatIfPresent(directory)?.dev ?? 0n);
  for (const group of byDevice.values()) assertFits(group);
}

function stageNeed({ workDir, size: { bytes, entries } }: PlannedStage): Need {
  return {
    purpose: 'the restored data beside the present',
    directory: nearestAbove(parentOf(workDir)),
    bytes: bytes + entries * PER_ENTRY,
    entries,
  };
}

function assertFits(needs: Need[]): void {
  const { directory } = needs[0]!;
  const { bavail, bsize, ffree, files } = fs.statfsSync(fsPath(directory));
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
