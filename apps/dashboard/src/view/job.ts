/** A job as the pages show it. */
import type { ProgressEvent } from '@gofr-backup/core';

export type JobState = 'active' | 'waiting' | 'delayed' | 'completed' | 'failed';

export interface JobView {
  id: string;
  /** backup, verify, prune, restore, drill */
  name: string;
  state: JobState;
  trigger: string | undefined;
  payload: Record<string, unknown>;
  /** milliseconds since the epoch */
  askedAt: number;
  startedAt?: number;
  finishedAt?: number;
  /** attempts begun */
  attempts: number;
  progress?: ProgressEvent;
  failure?: string;
  /** somebody ended it, so its failure is no news */
  cancelled?: boolean;
  result?: unknown;
}

export const isOpen = ({ state }: JobView): boolean =>
  state === 'active' || state === 'waiting' || state === 'delayed';

/**
 * 0 to 1, or undefined while the whole is unknown. A backup walks and reads at once, so its whole is known only at its
 * end: `expected`, the bytes of the one before, is what it is measured by meanwhile.
 */
export function progressShare(
  { phase, bytes, totalBytes, files, totalFiles }: ProgressEvent,
  expected?: number,
): number | undefined {
  if (totalBytes) return Math.min(1, bytes / totalBytes);
  if (totalFiles) return Math.min(1, files / totalFiles);
  if ((phase === 'archive' || phase === 'verify') && expected) return Math.min(0.97, bytes / expected);
  return undefined;
}

/** `verify of gofr-plot_daily_….tar.gz`, `weekly backup`. */
export function describeJob({ name, payload }: Pick<JobView, 'name' | 'payload'>): string {
  if (name === 'backup') return `${text(payload['tier']) ?? 'daily'} backup`;
  const names = Array.isArray(payload['names']) ? payload['names'].map(String) : [];
  const subject = text(payload['backup']) ?? names[0] ?? text(payload['which']);
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return subject ? `${name} of ${subject}${more}` : name;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
