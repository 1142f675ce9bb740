import { waitFor } from './wait-for.ts';

const WATCHED = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'ProcessWrap',
  'MessagePort',
  'FSEventWrap',
]);

function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/**
 * Call before; call what it answers after: throws when sockets, pipes, child processes or worker threads
 * are left that were not there before, naming their kinds.
 */
export function watchLeaks(): (timeout?: number) => Promise<void> {
  const before = openResources();
  const leaked = (): string[] =>
    [...openResources()]
      .filter(([kind, count]) => count > (before.get(kind) ?? 0))
      .map(([kind, count]) => `${kind} ${before.get(kind) ?? 0} -> ${count}`);
  return async (timeout = 5000) => {
    await waitFor(() => leaked().length === 0, { timeout, what: 'all resources closed' }).catch(() => {
      if (leaked().length > 0) throw new Error(`leaked: ${leaked().join(', ')}`);
    });
  };
}
