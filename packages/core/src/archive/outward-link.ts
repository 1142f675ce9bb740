/** Links that a restore will refuse (see safety.ts), told while they can still be excluded. */
import { posix } from 'node:path';
import type { Warning } from '../catalogue.ts';
import { displayPath, toBytePath } from './byte-path.ts';
import type { BytePath, Component } from './types.ts';

/**
 * Asks of a symlink at `path` in the archive whether it leads out of the archive's root or, absolute, out of the
 * directories the archive is made of. Read word by word: links on the way are not followed.
 */
export function outwardLinks(
  components: readonly Pick<Component, 'root' | 'archivePath'>[],
): (path: BytePath, target: BytePath) => Warning | undefined {
  const roots = components.map(({ root, archivePath }) =>
    posix.resolve(toBytePath(root), ...archivePath.split('/').slice(1).fill('..')),
  );
  const within = (target: BytePath): boolean =>
    roots.some((root) => target === root || target.startsWith(root === '/' ? root : `${root}/`));
  return (path, target) => {
    const leadsOut = target.startsWith('/')
      ? !within(posix.resolve(target))
      : posix.join(posix.dirname(path), target).startsWith('..');
    if (!leadsOut) return undefined;
    const shown = displayPath(path);
    const message = `${shown} leads outside the data, to ${displayPath(target)}: a restore refuses this archive; EXCLUDE it`;
    return { code: 'outward-link', path: shown, message };
  };
}
