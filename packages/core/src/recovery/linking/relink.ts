/** Makes one file of the names that stages separated, as far as they lie on one file system. */
import * as fs from 'node:fs';
import { type BytePath, displayPath, fsPath, joinPath, type Warning } from '@gofr-backup/model';
import { isErrno, isFile, parentOf } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import type { RestorePlan } from '../restore-plan.ts';
import type { SplitLink } from './split-links.ts';
import { oldIn } from '../stages.ts';
import { TouchedDirectories } from '../ground/touched-directories.ts';

const NAMED = 5;

/** Before the swap. What cannot be linked stays a file of its own, and is one warning. */
export function relink({ splitLinks, ground }: Pick<RestorePlan, 'splitLinks' | 'ground'>): Warning[] {
  using touched = new TouchedDirectories(ground);
  const apart = splitLinks.filter((link) => {
    if (![link.staged, link.stagedFile].every((path) => isFileAt(path, ground))) return false;
    touched.open(parentOf(link.staged));
    return !linkOver(link, ground);
  });
  return apart.length === 0 ? [] : [splitWarning(apart)];
}

const isFileAt = (path: BytePath, ground: Ground): boolean => {
  const stat = ground.lstat(path);
  return stat !== undefined && isFile(stat);
};

/** False: they lie on different file systems or mounts, or this one makes no more links of the file. */
function linkOver({ stagedFile, staged, workDir }: SplitLink, ground: Ground): boolean {
  const between = joinPath(oldIn(workDir), 'link');
  try {
    fs.linkSync(fsPath(ground.at(stagedFile)), fsPath(ground.at(between)));
  } catch (error) {
    if (isErrno(error, 'EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP')) return false;
    throw error;
  }
  ground.rename(between, staged);
  return true;
}

function splitWarning(apart: readonly SplitLink[]): Warning {
  const named = apart
    .slice(0, NAMED)
    .map(({ path, file }) => `${displayPath(path)} and ${displayPath(file)}`);
  const more = apart.length > NAMED ? `, and ${apart.length - NAMED} more` : '';
  const message = `were one file in the backup and come back as two, as they lie on different file systems or mounts: ${named.join(', ')}${more}`;
  return { code: 'hard-link-split', message };
}
