import { rebuild } from '@gofr-backup/core';
import { count } from '../format.ts';
import type { Session } from '../session.ts';

export async function run(session: Session): Promise<void> {
  const { backups } = await rebuild(session.context('rebuild'));
  const text = `${session.paint.good('✓')} manifest.json holds ${count(backups.length, 'backup')}\n`;
  session.answer({ project: session.settings.project, backups }, text);
}
