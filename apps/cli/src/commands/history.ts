import { history } from '@gofr-backup/core';
import { formatCount, shellWord } from '@gofr-backup/model';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { versionLines } from '../lines/version-lines.ts';

export async function run(session: Session, [asked = '']: string[]): Promise<void> {
  const { path, versions, gone } = await history(session.context('history'), archivePath(asked));
  const { paint, settings } = session;
  const newest = versions[0]!;
  const command = `gofr-backup restore ${shellWord(newest.last)} --path ${shellWord(path)}`;
  session.answer({ path, versions }, [
    paint.bold(path),
    ...versions.flatMap((version) => versionLines(version, settings.timezone)),
    '',
    formatCount(versions.length, 'version'),
    ...(gone ? [paint.warn('It is not in the newest backup.')] : []),
    `To bring the newest version back: ${command}`,
  ]);
}
