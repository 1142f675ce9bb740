/** Queues that were paused: their workers begin no job, the scheduled ones among them, until somebody resumes them. */
import { askRedis, type Connection } from './connection.ts';
import { QUEUE_KINDS, type QueueKind } from './jobs/contract.ts';
import { KEY_PREFIX, openQueue, queueName } from './queue.ts';

const metaOf = (project: string, kind: QueueKind): string => `${KEY_PREFIX}:${queueName(project, kind)}:meta`;

/** The kinds of the project's queues that are paused. */
export async function pausedQueues(project: string, connection: Connection): Promise<QueueKind[]> {
  const { client } = connection;
  return askRedis(connection, async () => {
    const paused = await Promise.all(
      // a record of another type is mended by the worker, and pauses nothing
      QUEUE_KINDS.map(async (kind) => {
        const key = metaOf(project, kind);
        return (await client.type(key)) === 'hash' && (await client.hexists(key, 'paused')) === 1;
      }),
    );
    return QUEUE_KINDS.filter((_, at) => paused[at]);
  });
}

/** Resolves to those that were paused. */
export async function resumeQueues(project: string, connection: Connection): Promise<QueueKind[]> {
  const paused = await pausedQueues(project, connection);
  for (const kind of paused) {
    const queue = openQueue(project, connection, { kind });
    try {
      await askRedis(connection, () => queue.bull.resume());
    } finally {
      await queue.close();
    }
  }
  return paused;
}
