/** What a job has done, in a sentence. */
import { formatCount, formatSize } from '@gofr-backup/model';
import { JOBS, type JobName, type Result } from '@gofr-backup/queue';
import type { JobView } from './job.ts';

type Tell = { [Name in JobName]: (result: Result<Name>) => string };

const TELL: Tell = {
  backup: ({ backup, promoted }) =>
    `Made ${backup.filename}: ${formatSize(backup.size_bytes)}${backup.files === undefined ? '' : `, ${formatCount(backup.files, 'file')}`}${
      promoted.length > 0 ? `; also kept as ${promoted.map(({ tier }) => tier).join(' and ')}` : ''
    }.`,
  verify: ({ results }) =>
    `${formatCount(results.length, 'backup was', 'backups were')} read in full: ${formatCount(
      results.reduce((sum, { files = 0 }) => sum + files, 0),
      'file',
    )}, ${formatSize(results.reduce((sum, { bytes = 0 }) => sum + bytes, 0))}, all whole.`,
  prune: ({ dry_run, decisions, held }) => {
    const removed = decisions.filter(({ action }) => action === 'remove').length;
    if (held !== undefined) return `Nothing was removed: ${held}.`;
    return `${formatCount(removed, 'backup')} ${dry_run ? 'would be' : removed === 1 ? 'was' : 'were'} removed.`;
  },
  restore: ({ changes, files, bytes, target, lost }) => {
    if (changes)
      return `Nothing was written. It would add ${formatCount(changes.added.files, 'file')}, replace ${changes.replaced.files} and remove ${changes.removed.files}.`;
    const lacks = lost?.length ? ` ${formatCount(lost.length, 'file')} did not prove right.` : '';
    return `Restored ${formatCount(files, 'file')}, ${formatSize(bytes)}, into ${target}.${lacks}`;
  },
  drill: ({ backup, files }) =>
    `${backup} was restored into a scratch directory, and ${formatCount(files, 'file')} compared: all came back as they were.`,
  copy: ({ store, copies }) =>
    `${formatCount(copies.length, 'backup')} sent to ${store}: ${formatSize(copies.reduce((sum, { bytes_sent }) => sum + bytes_sent, 0))}.`,
  undelete: ({ backup }) => `${backup.filename} is back in ${backup.tier}/, and pinned.`,
};

/** Empty where the result is none of its job's. */
export function outcomeText({ name, result }: Pick<JobView, 'name' | 'result'>): string {
  if (!Object.hasOwn(JOBS, name)) return '';
  const parsed = JOBS[name as JobName].result.safeParse(result);
  return parsed.success ? (TELL[name as JobName] as (result: unknown) => string)(parsed.data) : '';
}
