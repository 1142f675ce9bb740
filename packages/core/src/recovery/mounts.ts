/** Which directories are mount points: these cannot be renamed, and a rename never crosses them. */
import type { BytePath } from '@gofr-backup/model';
import { isDirectory, isWithin, parentOf, readMountPoints } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';

export class MountTable {
  readonly points: ReadonlySet<BytePath>;

  constructor(points: Iterable<BytePath>) {
    this.points = new Set(points);
  }

  isMountPoint(path: BytePath, ground: Ground): boolean {
    return this.points.has(path) || crossesDevice(path, ground);
  }

  /** mount points strictly below `path`, outermost first */
  below(path: BytePath): BytePath[] {
    return [...this.points].filter((point) => point !== path && isWithin(point, path)).sort();
  }
}

/** Where there is no /proc, st_dev alone decides. */
export const readMounts = (file?: string): MountTable => new MountTable(readMountPoints(file));

function crossesDevice(path: BytePath, ground: Ground): boolean {
  if (path === '/') return true;
  const [self, parent] = [ground.lstat(path), ground.lstat(parentOf(path))];
  return self !== undefined && parent !== undefined && isDirectory(self) && self.dev !== parent.dev;
}
