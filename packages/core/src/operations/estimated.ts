import type { Progress } from '@gofr-backup/model';

/** Tells with every event about how many bytes there will be, until there are more. */
export function estimated(progress: Progress, estimatedBytes: number | undefined): Progress {
  if (estimatedBytes === undefined) return progress;
  return (event) => progress(event.bytes > estimatedBytes ? event : { ...event, estimatedBytes });
}
