import { Cluster, Redis } from 'ioredis';
import {
  BackupError,
  codeOf,
  type Logger,
  parseRedisUrl,
  redactRedisUrl,
  type RedisTarget,
  silentLogger,
} from '@gofr-backup/model';
import { toSentinels, withFiles } from './redis/certificates.ts';
import { databaseOf, holdToDatabase, selectDatabase } from './redis/database.ts';
import { refusalOf } from './redis/refused.ts';
import { within } from './within.ts';

export interface ConnectOptions {
  /**
   * `command`: a person waits for the answer. An unreachable Redis is an error within about a second, and a lost
   * connection ends the command. `service`: connects whenever Redis comes, and again after every loss.
   */
  mode: 'command' | 'service';
  logger?: Logger;
  /** where a private Redis keeps its file, for its refusals: `BACKUP_DIR (/backups)` */
  disk?: string | undefined;
}

export interface Connection {
  /** the URL without credentials */
  readonly address: string;
  readonly mode: ConnectOptions['mode'];
  readonly client: Redis | Cluster;
  readonly disk?: string | undefined;
  /** Ends it at once, also while Redis is away. */
  close(): void;
}

/** ms until a command gives up on connecting, and on any one answer */
const CONNECT_TIMEOUT = 1500;
const ANSWER_TIMEOUT = 3000;

/** `command` mode throws REDIS_UNREACHABLE; `service` mode resolves also without Redis. Throws CONFIG. */
export async function connect(redisUrl: string, options: ConnectOptions): Promise<Connection> {
  const { mode, logger = silentLogger, disk } = options;
  const target = targetOf(redisUrl);
  const client = createClient(withFiles(target), mode);
  const connection: Connection = {
    address: redactRedisUrl(redisUrl),
    mode,
    client,
    disk,
    close: () => client.disconnect(),
  };
  reportState(connection, logger);
  const db = databaseOf(target);
  if (mode === 'command') await reachNow(connection, db);
  else if (db !== undefined) await holdToDatabase(client, db, { patience: CONNECT_TIMEOUT, logger });
  return connection;
}

function targetOf(redisUrl: string): RedisTarget {
  try {
    return parseRedisUrl(redisUrl);
  } catch (error) {
    throw new BackupError('CONFIG', 'REDIS_URL cannot be read', {
      why: `it ${reasonOf(error)}`,
      hint: 'Write it as redis://user:password@host:6379/0, unix:///path/redis.sock or one of the other forms in docs/configuration.md.',
    });
  }
}

const retryLater = (times: number): number => Math.min(100 * 2 ** times, 5000);
const giveUp = (): null => null;

function createClient(target: RedisTarget, mode: ConnectOptions['mode']): Redis | Cluster {
  const retry = mode === 'command' ? giveUp : retryLater;
  const shared = {
    // BullMQ duplicates the client, and never gets over a lazy duplicate whose first connect fails
    lazyConnect: mode === 'command',
    maxRetriesPerRequest: null,
    keepAlive: 10_000,
    ...(mode === 'command' ? { connectTimeout: CONNECT_TIMEOUT, commandTimeout: ANSWER_TIMEOUT } : {}),
  };
  if (target.kind === 'cluster') {
    const { lazyConnect, ...rest } = shared;
    const redisOptions = { ...rest, ...target.options };
    return new Cluster(target.nodes, { redisOptions, lazyConnect, clusterRetryStrategy: retry });
  }
  const retries = { retryStrategy: retry, sentinelRetryStrategy: retry };
  return new Redis({ ...shared, ...retries, ...target.options, ...toSentinels(target) });
}

/** One line when it is lost, one when it is back; without the listener an error would end the process. */
function reportState({ client, address }: Connection, logger: Logger): void {
  let lost = false;
  client.on('error', (error: Error) => {
    if (!lost) logger.warn({ redis: address, reason: reasonOf(error) }, 'Redis cannot be reached');
    lost = true;
  });
  client.on('ready', () => {
    if (lost) logger.info({ redis: address }, 'Redis is back');
    lost = false;
  });
}

async function reachNow(connection: Connection, db: number | undefined): Promise<void> {
  const { client } = connection;
  let last: Error | undefined;
  client.on('error', (error: Error) => (last = error));
  try {
    const reached = client.connect().then(() => client.ping());
    if (!(await within(CONNECT_TIMEOUT, reached))) throw new Error('no answer within a second');
    if (db !== undefined) await selectDatabase(client, db);
  } catch (thrown) {
    connection.close();
    if (thrown instanceof BackupError) throw thrown;
    throw refusalOf(connection, thrown) ?? unreachable(connection, last ?? thrown);
  }
}

/** Runs a command of the queue. A refusal is told by its kind; in `command` mode a lost or silent Redis becomes REDIS_UNREACHABLE. */
export async function askRedis<T>(connection: Connection, ask: () => Promise<T>): Promise<T> {
  try {
    if (connection.mode === 'command' && connection.client.status === 'end')
      throw new Error('Connection is closed.');
    return await ask();
  } catch (thrown) {
    const isLost = connection.mode === 'command' && isConnectionError(thrown);
    throw isLost ? unreachable(connection, thrown) : (refusalOf(connection, thrown) ?? thrown);
  }
}

function isConnectionError(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const code = codeOf(thrown) ?? '';
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT|EHOST|ENET|EAI_)/.test(code) ||
    /connection is closed|command timed out|stream isn't writeable|cluster isn't ready|all.*slots|sentinels are unreachable/i.test(
      thrown.message,
    )
  );
}

function unreachable({ address }: Connection, cause: unknown): BackupError {
  return new BackupError('REDIS_UNREACHABLE', `Redis at ${address} cannot be reached`, {
    why: reasonOf(cause),
    cause,
    details: { redis: address },
  });
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown instanceof AggregateError) return thrown.errors.map(reasonOf).join('; ');
  return thrown.message || (codeOf(thrown) ?? thrown.name);
}
