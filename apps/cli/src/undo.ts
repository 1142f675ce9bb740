/** The command that undoes a restore, for its last line. */
import { files, type RestoreDescription } from '@gofr-backup/core';
import { ignoring, type RestoreOutcome, type RestoreRequest, shellWord } from '@gofr-backup/model';
import type { Session } from './session.ts';

export interface Undo {
  /** for `sh`; absent: there is none */
  command?: string;
  /** as it is told */
  line: string;
}

/** What was made goes, and what was replaced comes back from the safety backup. */
export async function undoOf(
  session: Session,
  request: RestoreRequest,
  { targets }: RestoreDescription,
  { safety_backup: saved }: RestoreOutcome,
): Promise<Undo> {
  const made = targets.filter(({ effect }) => effect === 'create').map(({ place }) => place);
  const replaced = targets.filter(({ effect, present }) => effect !== 'create' && present.files > 0);
  if (replaced.length > 0 && saved === null)
    return { line: 'This cannot be undone: no backup of the state before it was made.' };
  const commands = [
    ...(replaced.length > 0 ? [`gofr-backup restore ${await wordsOf(session, request, saved!)}`] : []),
    ...(made.length > 0 ? [`rm -r -- ${made.map(shellWord).join(' ')}`] : []),
  ];
  if (commands.length === 0) return { line: 'There was nothing before it.' };
  const command = commands.join(' && ');
  return { command, line: `To undo it: ${command}` };
}

/** The safety backup, and the same parts of it as of the backup that was restored. */
async function wordsOf(session: Session, { only, paths }: RestoreRequest, saved: string): Promise<string> {
  const words = [saved];
  if (only !== undefined) words.push('--only', only.join(','));
  for (const path of paths ?? []) if (await isIn(session, saved, path)) words.push('--path', path);
  return words.map(shellWord).join(' ');
}

async function isIn(session: Session, name: string, path: string): Promise<boolean> {
  const found = files(session.context('restore'), name, path);
  const first = await found.next().catch(ignoring('NO_SUCH_BACKUP'));
  await found.return();
  return first?.done === false;
}
