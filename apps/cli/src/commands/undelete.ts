import { formatSize, formatTime } from '@gofr-backup/model';
import { trashed, undelete } from '@gofr-backup/core';
import type { Session } from '../session.ts';
import { columns } from '../columns.ts';

/** Without a name: what lies in the trash. */
export async function run(session: Session, [name]: string[]): Promise<void> {
  const ctx = session.context('undelete');
  if (name === undefined) return listTrash(session, await trashed(ctx));
  const backup = await undelete(ctx, name);
  const text = `${backup.filename} is back in ${backup.tier}/, and pinned: prune leaves it until \`gofr-backup unpin\``;
  session.answer({ backup }, [`${session.paint.good('✓')} ${text}`]);
}

function listTrash(session: Session, trash: Awaited<ReturnType<typeof trashed>>): void {
  const rows = trash.map(({ filename, size_bytes, trashed_at }) => [
    filename,
    formatSize(size_bytes),
    formatTime(Date.parse(trashed_at), session.settings.timezone),
  ]);
  const lines = columns([['BACKUP', 'SIZE', 'PRUNED AT'], ...rows]);
  session.answer({ trash }, trash.length === 0 ? ['The trash is empty'] : lines);
}
