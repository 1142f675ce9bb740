/** What the backup leaves out on purpose has no copy anywhere: a restore leaves it where it is. */
import picomatch from 'picomatch';
import { displayPath, joinPath } from '../archive/byte-path.ts';
import type { BytePath } from '../archive/types.ts';

/** For paths relative to `archivePath`; undefined when nothing is excluded. A directory takes all below it along. */
export function excludes(
  globs: string[],
  archivePath: BytePath,
): ((relative: BytePath) => boolean) | undefined {
  const patterns = globs.map((glob) => glob.replace(/^\/+|\/+$/g, '')).filter((glob) => glob !== '');
  if (patterns.length === 0) return undefined;
  const matches = picomatch(patterns, { dot: true, basename: true });
  return (relative) => {
    let path = '';
    for (const part of joinPath(archivePath, relative).split('/')) {
      path = joinPath(path, part);
      if (matches(displayPath(path))) return true;
    }
    return false;
  };
}
