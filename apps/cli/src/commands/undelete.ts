import { trashed, undelete } from '@gofr-backup/core';
import type { Session } from '../session.ts';
import { trashLines } from '../lines/trash-lines.ts';

/** Without a name: what lies in the trash. */
export async function run(session: Session, [name]: string[]): Promise<void> {
  const ctx = session.context('undelete');
  if (name === undefined) {
    const trash = await trashed(ctx);
    return session.answer({ trash }, trashLines(trash, session.settings.timezone));
  }
  const backup = await undelete(ctx, name);
  const text = `${backup.filename} is back in ${backup.tier}/, and pinned: prune leaves it until \`gofr-backup unpin\``;
  session.answer({ backup }, [`${session.paint.good('✓')} ${text}`]);
}
