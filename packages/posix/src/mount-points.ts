/** The mount points of this process's mount namespace (proc(5), `mountinfo`, field 5). Empty where there is no /proc. */
import { readFileSync } from 'node:fs';
import type { BytePath } from '@gofr-backup/model';

export function readMountPoints(file = '/proc/self/mountinfo'): BytePath[] {
  try {
    return parseMountInfo(readFileSync(file, 'latin1'));
  } catch {
    return [];
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
