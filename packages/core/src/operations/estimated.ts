/** About how many bytes an operation will come to, where that is not known before the end. */
import { countTrees, type WalkOptions } from '@gofr-backup/archive';
import type { Ports, Progress } from '@gofr-backup/model';

/** Adds the estimated total to every progress event, once it is known, and until more bytes than that were read. */
export function estimated(progress: Progress, estimate: () => number | undefined): Progress {
  return (event) => {
    const estimatedBytes = estimate();
    progress(
      estimatedBytes === undefined || event.bytes > estimatedBytes ? event : { ...event, estimatedBytes },
    );
  };
}

/** Bytes a tar spends on a file beside its content: pax header and record, header, half a block to fill up the last. */
const TAR_OVERHEAD = 3.5 * 512;

export const tarBytes = (files: number, bytes: number): number => bytes + files * TAR_OVERHEAD;

export interface Count extends AsyncDisposable {
  /** undefined while it goes on, and where it failed */
  bytes(): number | undefined;
}

/** Counts the sources beside the work that reads them, for as long as that lasts. */
export function countBeside(
  sources: WalkOptions,
  { logger, signal }: Pick<Ports, 'logger' | 'signal'>,
): Count {
  const over = new AbortController();
  let total: number | undefined;
  const counting = countTrees(sources, AbortSignal.any([signal, over.signal])).then(
    ({ files, bytes }) => void (total = tarBytes(files, bytes)),
    (error: unknown) => logger.debug({ reason: String(error) }, 'the data was not counted'),
  );
  return {
    bytes: () => total,
    async [Symbol.asyncDispose]() {
      over.abort();
      await counting;
    },
  };
}
