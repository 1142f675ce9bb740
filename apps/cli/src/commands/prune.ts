import { prune } from '@gofr-backup/core';
import { formatCount, type PruneOutcome } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { perform } from '../queue/work.ts';
import { columns } from '../columns.ts';

interface Options {
  dryRun?: boolean;
  force?: boolean;
}

export async function run(session: Session, _args: string[], options: Options): Promise<void> {
  const request = { dryRun: options.dryRun === true, ...(options.force ? { force: true } : {}) };
  // a dry run reads only: it needs neither the lock nor the queue
  const outcome = request.dryRun
    ? await prune(session.context('prune'), request)
    : (await perform(session, 'prune', request)).result;
  session.answer(outcome, render(session, outcome));
}

function render({ paint }: Session, { dry_run, decisions, held }: PruneOutcome): string[] {
  const rows = decisions.map(({ action, tier, filename, reasons }) => [
    action,
    tier,
    filename,
    reasons.join('; '),
  ]);
  const lines = columns([['ACTION', 'TIER', 'BACKUP', 'REASON'], ...rows]);
  const painted = lines.map((line, at) => (decisions[at - 1]?.action === 'remove' ? paint.warn(line) : line));
  const removed = decisions.filter(({ action }) => action === 'remove').length;
  const kept = decisions.length - removed;
  const summary = held
    ? `${paint.warn('Held, nothing was removed:')} ${held}`
    : `${formatCount(removed, 'backup')} ${dry_run ? 'would be removed' : 'removed'}, ${kept} kept`;
  return decisions.length === 0 ? ['No backups found'] : [...painted, '', summary];
}
