/** What can be known before anything is written: that the places may be written, and that there is room. */
import * as fs from 'node:fs';
import type { ArchiveReader } from '@gofr-backup/archive';
import {
  BackupError,
  type BackupPlan,
  type BytePath,
  type CatalogueEntry,
  displayPath,
  formatNumber,
  formatSize,
  fsPath,
  type Identity,
  isOneOf,
  toBytePath,
} from '@gofr-backup/model';
import { exists, isErrno, look, parentOf, walk } from '@gofr-backup/posix';
import type { MountTable } from './mounts.ts';
import { type Stage, workHome } from './staging.ts';
import type { Target } from './target.ts';

/** What a file takes beyond its bytes: its last block, and its share of the directory. */
const PER_ENTRY = 4096;

/** Throws IO for a read-only mount, PERMISSION for a foreign directory; both say how to get at it. */
export function assertWritable(targets: Target[], mounts: MountTable): void {
  for (const target of targets) {
    const home = existingAt(workHome(target, mounts));
    try {
      fs.accessSync(fsPath(home), fs.constants.W_OK | fs.constants.X_OK);
    } catch (error) {
      throw isErrno(error, 'EROFS') ? readOnly(target.place) : notOurs(target.place, home);
    }
  }
}

function readOnly(place: BytePath): BackupError {
  return new BackupError(
    'IO',
    `${displayPath(place)} cannot be restored from here: it is mounted read-only`,
    {
      why: 'the backup service sees the data read-only, so that it can never damage it',
      hint:
        'With compose: `docker-compose run --rm restore --latest` (or scripts/restore_backup.sh --latest), which mounts ' +
        'it writable. Else mount it writable, or use --to DIR.',
    },
  );
}

function notOurs(place: BytePath, home: BytePath): BackupError {
  const { uid } = look(home)!;
  return new BackupError('PERMISSION', `${displayPath(place)} cannot be restored: no right to write`, {
    why: `${displayPath(home)} belongs to uid ${uid}, this is uid ${process.geteuid?.() ?? '?'}`,
    hint: `Run as root (which also restores the owners of files) or as uid ${uid}, or use --to DIR.`,
  });
}

interface Need {
  /** what for */
  purpose: string;
  directory: BytePath;
  bytes: number;
  entries: number;
}

/** Throws DISK_FULL with the sum per file system. */
export async function assertRoom(
  reader: ArchiveReader,
  stages: Stage[],
  safety: { directory: string; bytes: number } | undefined,
): Promise<void> {
  const needs: Need[] = [];
  for (const stage of stages) {
    const { bytes, entries } = await reader.measure(stage.paths?.map(displayPath));
    const directory = existingAt(parentOf(stage.workDir));
    needs.push({
      purpose: 'the restored data beside the present',
      directory,
      bytes: bytes + entries * PER_ENTRY,
      entries,
    });
  }
  if (safety)
    needs.push({
      purpose: 'the safety backup',
      directory: existingAt(toBytePath(safety.directory)),
      bytes: safety.bytes,
      entries: 3,
    });
  const byDevice = Map.groupBy(needs, ({ directory }) => look(directory)?.dev ?? 0n);
  for (const group of byDevice.values()) assertFits(group);
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

/** What a backup of the present data will take, from how well the newest one compressed. */
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

/** Files and links, and the bytes of files, in these places together, but for what lies in `withheld` directories. */
export function countFiles(
  places: BytePath[],
  withheld: readonly Identity[],
): { files: number; bytes: number } {
  const count = { files: 0, bytes: 0 };
  for (const place of places) {
    for (const { stat } of walk(place, (_, found) => isOneOf(found, withheld))) {
      if (stat.isDirectory()) continue;
      count.files++;
      if (stat.isFile()) count.bytes += Number(stat.size);
    }
  }
  return count;
}

export function hasFiles(places: BytePath[], withheld: readonly Identity[]): boolean {
  for (const place of places)
    for (const { stat } of walk(place, (_, found) => isOneOf(found, withheld)))
      if (!stat.isDirectory()) return true;
  return false;
}

/** The path itself or the nearest directory above it that is there. */
function existingAt(path: BytePath): BytePath {
  return exists(path) || path === '/' ? path : existingAt(parentOf(path));
}
