/** Since when the queue has been out of reach: Redis away, silent, or refusing what it is asked. */
import type { Clock } from '@gofr-backup/model';
import type { Connection } from '../connection.ts';
import { KEY_PREFIX, queueName } from '../queue.ts';
import { takesWrites } from './refused.ts';

interface Reach {
  /** ms on the clock that nobody sets, as of the look before; asks Redis again, one question at a time */
  look(): number;
}

export function reachOf(connection: Connection, project: string, clock: Clock): Reach {
  const probe = `${KEY_PREFIX}:${queueName(project)}:probe`;
  let reached = clock.monotonic();
  let asking: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    // a question to one that is away would wait among all those before it
    const isReached = connection.client.status === 'ready' && (await takesWrites(connection, probe));
    if (isReached) reached = clock.monotonic();
  };
  return {
    look() {
      asking ??= ask().finally(() => (asking = undefined));
      return clock.monotonic() - reached;
    },
  };
}
