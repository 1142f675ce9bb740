import type { Screen } from './screen.ts';

/** A second signal within this many ms is the same key press, passed on by a launcher in the same process group. */
const SAME_PRESS = 250;

export interface Interruption {
  signal: AbortSignal;
  /** Stops handling signals, so that a service can. */
  release(): void;
}

/** The first Ctrl-C asks the work to end; the second leaves at once. */
export function onInterrupt(screen: Screen, monotonic: () => number): Interruption {
  const controller = new AbortController();
  let first: number | undefined;
  const interrupted = (signal: NodeJS.Signals): void => {
    const now = monotonic();
    if (first !== undefined && now - first < SAME_PRESS) return;
    if (first !== undefined) process.exit(signal === 'SIGTERM' ? 143 : 130);
    first = now;
    screen.line('cancelling; press Ctrl-C again to leave at once');
    controller.abort();
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  return {
    signal: controller.signal,
    release: () => void process.off('SIGINT', interrupted).off('SIGTERM', interrupted),
  };
}
