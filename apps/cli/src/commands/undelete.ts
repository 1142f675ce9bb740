import { undelete } from '@gofr-backup/core';
import type { Session } from '../session.ts';

export async function run(session: Session, [name = '']: string[]): Promise<void> {
  const backup = await undelete(session.context('undelete'), name);
  session.answer({ backup }, `${session.paint.good('✓')} ${backup.filename} is back in ${backup.tier}/\n`);
}
