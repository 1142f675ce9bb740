/**
 * Takes out of a queue in Redis what would keep it from working. BullMQ stops at a key of another type, and takes up a
 * job that it cannot read again and again.
 */
import type { Logger } from '@gofr-backup/model';
import type { BackupQueue } from '../queue.ts';

const EXPECTED = {
  active: 'list',
  wait: 'list',
  paused: 'list',
  delayed: 'zset',
  prioritized: 'zset',
  'waiting-children': 'zset',
  completed: 'zset',
  failed: 'zset',
  repeat: 'zset',
  marker: 'zset',
  stalled: 'set',
  meta: 'hash',
  events: 'stream',
  id: 'string',
  pc: 'string',
  limiter: 'string',
  'stalled-check': 'string',
} as const;
const COUNTERS = ['id', 'pc'] as const;

export interface Mender {
  /** Looks through the queue, unless it is at it already. */
  mend(): void;
  end(): Promise<void>;
}

/** `runs`: whether this process works on the job of that id. */
export function menderOf(queue: BackupQueue, runs: (id: string) => boolean, logger: Logger): Mender {
  let mending: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    await removeWrongKeys(queue, logger);
    await removeUnreadableActive(queue, runs, logger);
  };
  return {
    mend() {
      mending ??= look()
        .catch((error: unknown) => logger.debug({ err: error }, 'the queue in Redis could not be mended'))
        .finally(() => (mending = undefined));
    },
    end: async () => mending,
  };
}

export async function removeWrongKeys(queue: BackupQueue, logger: Logger): Promise<void> {
  const { bull, connection } = queue;
  for (const [name, type] of Object.entries(EXPECTED)) {
    const key = bull.toKey(name);
    const found = await connection.client.type(key);
    if (found === 'none') continue;
    if (found !== type) await remove(queue, key, `is a ${found} instead of a ${type}`, logger);
  }
  for (const name of COUNTERS) {
    const value = (await connection.client.getrange(bull.toKey(name), 0, 30)) || '0';
    if (!/^\d{1,15}$/.test(value)) await remove(queue, bull.toKey(name), 'is no number', logger);
  }
  // One job at a time, and no other limit: Lua scripts of BullMQ compare these as numbers.
  const meta = bull.toKey('meta');
  for (const field of ['max', 'duration']) await connection.client.hdel(meta, field);
  const limit = await connection.client.hget(meta, 'concurrency');
  if (limit !== null && limit !== '1') await bull.setGlobalConcurrency(1);
  for (const id of await connection.client.zrange(bull.toKey('repeat'), '0', '99')) {
    const key = bull.toKey(`repeat:${id}`);
    const found = await connection.client.type(key);
    if (found !== 'hash' && found !== 'none')
      await remove(queue, key, `is a ${found} instead of a hash`, logger);
  }
}

/** Jobs that this worker took and could not begin. Those of other workers can be read. */
async function removeUnreadableActive(
  queue: BackupQueue,
  runs: (id: string) => boolean,
  logger: Logger,
): Promise<void> {
  const { bull, connection } = queue;
  const active = bull.toKey('active');
  for (const id of await connection.client.lrange(active, 0, 99)) {
    if (runs(id) || (await bull.getJob(id)) !== undefined) continue;
    if ((await connection.client.exists(bull.toKey(id))) === 0) continue;
    await connection.client.lrem(active, 0, id);
    await remove(queue, bull.toKey(`${id}:lock`), undefined, logger);
    await remove(queue, bull.toKey(id), 'is a job that cannot be read', logger);
  }
}

async function remove(
  { connection }: BackupQueue,
  key: string,
  reason: string | undefined,
  logger: Logger,
): Promise<void> {
  await connection.client.unlink(key);
  if (reason !== undefined)
    logger.error({ key: key.slice(0, 300), reason }, 'a record in Redis cannot be used and was removed');
}
