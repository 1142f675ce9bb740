/** Which directories are mount points: these cannot be renamed, and a rename never crosses them. */
import * as fs from 'node:fs';
import type { BytePath } from '@gofr-backup/model';
import { isWithin, look, parentOf } from '@gofr-backup/posix';

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

/** Of this process's mount namespace (proc(5), `mountinfo`, field 5). Empty where there is no /proc: st_dev decides then. */
export function readMounts(file = '/proc/self/mountinfo'): MountTable {
  try {
    return new MountTable(parseMountInfo(fs.readFileSync(file, 'latin1')));
  } catch {
    return new MountTable([]);
  }
}

export function parseMountInfo(text: string): BytePath[] {
  return text
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined && point.startsWith('/'))
    .map((point) =>
      point!.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    );
}

function crossesDevice(path: BytePath): boolean {
  if (path === '/') return true;
  const [self, parent] = [look(path), look(parentOf(path))];
  return self !== undefined && parent !== undefined && self.isDirectory() && self.dev !== parent.dev;
}
