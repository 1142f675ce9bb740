/** A job as the pages show it. */
import type { ProgressEvent } from '@gofr-backup/model';

export type JobState = 'active' | 'waiting' | 'delayed' | 'completed' | 'failed';

export interface JobView {
  id: string;
  /** backup, verify, prune, restore, drill, copy */
  name: string;
  state: JobState;
  trigger: string | undefined;
  /** who ran the command that did it without the queue */
  by?: string;
  payload: Record<string, unknown>;
  /** milliseconds since the epoch */
  askedAt: number;
  startedAt?: number;
  finishedAt?: number;
  /** attempts begun */
  attempts: number;
  progress?: ProgressEvent;
  failure?: string;
  /** a person ended it, so its failure is no news */
  cancelled?: boolean;
  result?: unknown;
}

export const isOpen = ({ state }: JobView): boolean =>
  state === 'active' || state === 'waiting' || state === 'delayed';

/**
 * 0 to 1, or undefined while the total is unknown. A job that knows its total only at the end is measured by its own
 * estimate, else by `expected`, the bytes of the newest backup.
 */
export function progressShare(
  { phase, bytes, totalBytes, estimatedBytes, files, totalFiles }: ProgressEvent,
  expected?: number,
): number | undefined {
  if (totalBytes) return Math.min(1, bytes / totalBytes);
  if (totalFiles) return Math.min(1, files / totalFiles);
  if (estimatedBytes) return Math.min(0.97, bytes / estimatedBytes);
  if ((phase === 'archive' || phase === 'verify') && expected) return Math.min(0.97, bytes / expected);
  return undefined;
}

/** `verify of gofr-plot_daily_….tar.gz`, `weekly backup`, `prune preview`. */
export function describeJob({ name, payload }: Pick<JobView, 'name' | 'payload'>): string {
  if (name === 'backup') return `${text(payload['tier']) ?? 'daily'} backup`;
  if (name === 'copy') return copyOf(payload);
  if (name === 'undelete') return `${text(payload['backup']) ?? 'a backup'} out of the trash`;
  const what = payload['dryRun'] === true ? `${name} preview` : name;
  const names = Array.isArray(payload['names']) ? payload['names'].map(String) : [];
  const subject = text(payload['backup']) ?? names[0] ?? text(payload['which']);
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return subject ? `${what} of ${subject}${more}` : what;
}

const copyOf = ({ backup, all, store }: Record<string, unknown>): string =>
  `copy of ${text(backup) ?? (all === true ? 'all backups' : 'new backups')} to ${text(store) ?? 'a store'}`;

/** Who asked for a job or a backup. */
export const startedBy = (trigger: string | undefined, by?: string): string =>
  by !== undefined
    ? `${by}, by a command`
    : trigger === 'schedule'
      ? 'schedule'
      : trigger === 'pre-restore'
        ? 'a restore'
        : 'by hand';

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
