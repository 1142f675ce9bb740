import { find, type FindOutcome, type FoundPath } from '@gofr-backup/core';
import { formatCount } from '@gofr-backup/model';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { type ShownVersion, versionLines } from '../lines/version-lines.ts';

export async function run(
  session: Session,
  [pattern = '']: string[],
  options: { ignoreCase?: boolean },
): Promise<void> {
  const ignoreCase = options.ignoreCase === true;
  answerFind(session, await find(session.context('find'), archivePath(pattern), { ignoreCase }));
}

export function answerFind(session: Session, { matches, backups }: FindOutcome): void {
  const paths = Map.groupBy(matches, ({ path }) => path);
  const lines = [...paths].flatMap(([path, found]) => [
    session.paint.bold(`${path}${found[0]?.type === 'directory' ? '/' : ''}`),
    ...versions(found).flatMap((version) => versionLines(version, session.settings.timezone)),
  ]);
  const summary = `${formatCount(paths.size, 'name')} in ${formatCount(backups, 'backup')}`;
  session.answer({ matches }, [...lines, '', summary]);
}

/** Matches of one path, newest first, put together where they are the same. */
function versions(found: FoundPath[]): ShownVersion[] {
  const runs: ShownVersion[] = [];
  for (const { filename, size, mtime, sha256 } of found) {
    const run = runs.at(-1);
    if (run?.size === size && run.mtime === mtime && run.sha256 === sha256) {
      run.first = filename;
      run.backups++;
    } else runs.push({ size, mtime, sha256, first: filename, last: filename, backups: 1 });
  }
  return runs;
}
