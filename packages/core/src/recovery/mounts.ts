/** Which directories are mount points: these cannot be renamed, and a rename never crosses them. */
import type { BytePath } from '@gofr-backup/model';
import { isWithin, lstatIfPresent, parentOf, readMountPoints } from '@gofr-backup/posix';

export class MountTable {
  readonly points: ReadonlySet<BytePath>;

  constructor(points: Iterable<BytePath>) {
    this.points = new Set(points);
  }

  isMountPoint(path: BytePath): boolean {
    return this.points.has(path) || crossesDevice(path);
  }

  /** mount points strictly below `path`, outermost first */
  below(path: BytePath): BytePath[] {
    return [...this.points].filter((point) => point !== path && isWithin(point, path)).sort();
  }
}

/** Where there is no /proc, st_dev alone decides. */
export const readMounts = (file?: string): MountTable => new MountTable(readMountPoints(file));

function crossesDevice(path: BytePath): boolean {
  if (path === '/') return true;
  const [self, parent] = [lstatIfPresent(path), lstatIfPresent(parentOf(path))];
  return self !== undefined && parent !== undefined && self.isDirectory() && self.dev !== parent.dev;
}
