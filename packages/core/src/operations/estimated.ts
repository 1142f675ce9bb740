import type { Progress } from '@gofr-backup/model';

/** Adds the estimated total to every progress event, until more bytes than that were read. */
export function estimated(progress: Progress, estimatedBytes: number | undefined): Progress {
  if (estimatedBytes === undefined) return progress;
  return (event) => progress(event.bytes > estimatedBytes ? event : { ...event, estimatedBytes });
}
