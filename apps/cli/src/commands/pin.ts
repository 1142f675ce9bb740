import { pin } from '@gofr-backup/core';
import type { Session } from '../session.ts';

export async function run(session: Session, [name = '']: string[]): Promise<void> {
  const backup = await pin(session.context('pin'), name);
  session.answer({ backup }, [`${session.paint.good('✓')} ${backup.filename} is kept until it is unpinned`]);
}
