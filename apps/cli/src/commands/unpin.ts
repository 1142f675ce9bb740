import { unpin } from '@gofr-backup/core';
import type { Session } from '../session.ts';

export async function run(session: Session, [name = '']: string[]): Promise<void> {
  const backup = await unpin(session.context('unpin'), name);
  session.answer({ backup }, [
    `${session.paint.good('✓')} ${backup.filename} goes when its retention is over`,
  ]);
}
