import { formatCount } from '@gofr-backup/model';
import { rebuild } from '@gofr-backup/core';
import type { Session } from '../session.ts';

export async function run(session: Session): Promise<void> {
  const { backups } = await rebuild(session.context('rebuild'));
  const text = `${session.paint.good('✓')} manifest.json holds ${formatCount(backups.length, 'backup')}`;
  session.answer({ project: session.settings.project, backups }, [text]);
}
