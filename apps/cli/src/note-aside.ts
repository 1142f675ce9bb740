import { formatCount, shellWord } from '@gofr-backup/model';
import type { ListOutcome } from '@gofr-backup/core';
import type { Session } from './session.ts';

const NAMED = 3;

/** Notes about backups that do not count, printed beside the answer; with --json they are in the document. */
export function noteAside(
  { json, note, colours }: Session,
  { future = [], foreign = [], adopted = 0 }: Pick<ListOutcome, 'future' | 'foreign' | 'adopted'>,
): void {
  if (json) return;
  const warn = (text: string): void => note(`${colours.warn('warning:')} ${text}`);
  if (future.length > 0) {
    const more = future.length > NAMED ? `, and ${future.length - NAMED} more` : '';
    const names = future.slice(0, NAMED).join(', ') + more;
    warn(`dated in the future, so it counts for nothing until then; was the clock wrong? ${names}`);
  }
  for (const { prefix, backups } of foreign)
    warn(
      `${formatCount(backups, 'backup')} of another project (PREFIX=${shellWord(prefix)}) in this directory: never touched`,
    );
  if (adopted > 0)
    warn(
      `${formatCount(adopted, 'backup')} without a record that this installation signed: verified before it counts (verify --all, or the scrub)`,
    );
}
