import { history, type HistoryOutcome } from '@gofr-backup/core';
import { formatCount, shellWord } from '@gofr-backup/model';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { versionLines } from '../lines/version-lines.ts';

export async function run(session: Session, [asked = '']: string[]): Promise<void> {
  answerHistory(session, await history(session.context('history'), archivePath(asked)));
}

/** `given`: options that a command for the same place takes. */
export function answerHistory(
  session: Session,
  { path, versions, gone }: HistoryOutcome,
  given: readonly string[] = [],
): void {
  const { paint, settings } = session;
  const newest = versions[0]!;
  const command = `gofr-backup restore ${shellWord(newest.last)} --path ${shellWord(path)}${given.map((word) => ` ${word}`).join('')}`;
  session.answer({ path, versions }, [
    paint.bold(path),
    ...versions.flatMap((version) => versionLines(version, settings.timezone)),
    '',
    formatCount(versions.length, 'version'),
    ...(gone ? [paint.warn('It is not in the newest backup.')] : []),
    `To bring the newest version back: ${command}`,
  ]);
}
