import {
  type BackupError,
  type CatalogueEntry,
  formatCount,
  formatDuration,
  formatSize,
  type Tier,
  toBackupError,
} from '@gofr-backup/model';
import type { Result } from '@gofr-backup/queue';
import type { Session } from '../session.ts';
import { findQueue, keepingService } from '../queue/reach-queue.ts';
import { noteWaiting, perform } from '../queue/work.ts';
import { copyLines, copyToStores } from './copy.ts';

export async function run(session: Session, args: string[], options: { wait: boolean }): Promise<number> {
  const payload = { tier: args[0] as Tier | undefined, trigger: 'manual' } as const;
  if (!options.wait && (await leave(session, payload))) return 0;
  const { jobId, result, copied } = await keepingService(session, async (kept) => ({
    ...(await perform(kept, 'backup', payload)),
    copied: await copyAfter(kept),
  }));
  session.answer({ job_id: jobId, backup: result.backup }, [...render(session, result), ...copied.lines]);
  if (copied.failure === undefined) return 0;
  const { message, why, hint, exit } = copied.failure;
  for (const line of [
    `The backup is good, but it was not copied: ${message}`,
    `why: ${why}`,
    `to do: ${hint}`,
  ])
    session.note(line);
  return exit;
}

/** A running service copies by itself; where there is none, nobody else would. A copy that fails leaves the backup good. */
async function copyAfter(session: Session): Promise<{ lines: string[]; failure?: BackupError }> {
  const { stores } = session.settings;
  if (stores.length === 0 || (await isServed(session))) return { lines: [] };
  try {
    return { lines: (await copyToStores(session, {})).flatMap((outcome) => copyLines(session, outcome)) };
  } catch (error) {
    return { lines: [], failure: toBackupError(error, 'copying to the stores') };
  }
}

async function isServed(session: Session): Promise<boolean> {
  if (session.kept?.service) return false;
  await using reached = await findQueue(session);
  return reached !== undefined;
}

/** Only enqueues; false when no service is there that would do the work. */
async function leave(session: Session, payload: { tier: Tier | undefined }): Promise<boolean> {
  await using reached = await findQueue(session, { toAdd: true });
  if (reached === undefined) {
    session.note('no service is running, so this command does the work itself');
    return false;
  }
  await noteWaiting(session, reached);
  const { enqueue } = await import('@gofr-backup/queue');
  const { id, joined } = await enqueue(reached.queue, 'backup', payload);
  session.answer({ job_id: id, backup: null }, [`${joined ? 'Already queued' : 'Queued'} as ${id}`]);
  return true;
}

function render({ paint }: Session, { backup, promoted, pruned }: Result<'backup'>): string[] {
  const removed = pruned?.decisions.filter(({ action }) => action === 'remove').length ?? 0;
  return [
    `${paint.good('✓')} ${paint.bold(backup.filename)}`,
    `  ${facts(backup).join(', ')}`,
    ...promoted.map(({ filename }) => `  also kept as ${filename}`),
    ...(removed > 0 && pruned?.held === undefined
      ? [`  ${formatCount(removed, 'older backup')} pruned`]
      : []),
    ...(pruned?.held === undefined ? [] : [`  ${paint.warn('pruning is held:')} ${pruned.held}`]),
    ...(backup.warnings ?? []).map((warning) => `  ${paint.warn('warning:')} ${warning.message}`),
  ];
}

function facts(backup: CatalogueEntry): string[] {
  const source = backup.source_bytes === undefined ? '' : ` from ${formatSize(backup.source_bytes)}`;
  return [
    `${formatSize(backup.size_bytes)}${source}`,
    ...(backup.files === undefined ? [] : [formatCount(backup.files, 'file')]),
    ...(backup.reused_bytes ? [`${formatSize(backup.reused_bytes)} reused`] : []),
    ...(backup.duration_ms === undefined ? [] : [`made in ${formatDuration(backup.duration_ms)}`]),
    backup.verified
      ? `verified${backup.verify_ms === undefined ? '' : ` in ${formatDuration(backup.verify_ms)}`}`
      : 'not verified',
  ];
}
