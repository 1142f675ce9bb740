/** Who uses the embedded Redis, counted by connections. Loaded only when a server is there, for the client library with it. */
import { Redis } from 'ioredis';
import type { Logger } from '@gofr-backup/model';

/** The connection by which a user of the server is counted. */
const USER = 'gofr-backup-embedded';

/** Holds a connection while this process uses the server. When the connection breaks, the server is started again. */
export async function keepRunning(
  socket: string,
  ensure: () => Promise<unknown>,
  logger: Logger,
): Promise<{ end(): void }> {
  const client = new Redis({ path: socket, connectionName: USER, retryStrategy: () => 200 });
  let ended = false;
  let ensuring = false;
  client.on('error', () => {});
  client.on('close', () => {
    if (ended || ensuring) return;
    ensuring = true;
    logger.warn({ socket }, 'embedded Redis is gone, starting it again');
    ensure()
      .catch((error: unknown) => logger.error({ err: error }, 'embedded Redis did not start again'))
      .finally(() => (ensuring = false));
  });
  await client.ping();
  return {
    end() {
      ended = true;
      client.disconnect();
    },
  };
}

/**
 * Ends the server when no other process uses it; answers whether it is gone. Users are counted after this process's
 * own connection has ended, so of two processes that stop at once at least one counts none.
 */
export async function shutdownIfUnused(socket: string, logger: Logger): Promise<boolean> {
  const client = new Redis({
    path: socket,
    lazyConnect: true,
    retryStrategy: () => null,
    commandTimeout: 5000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const clients = String(await client.client('LIST'));
    if (clients.includes(`name=${USER} `)) return false;
    logger.info({ socket }, 'embedded Redis stops');
    await client.shutdown('NOSAVE').catch(() => {}); // the connection closes instead of an answer
  } catch {
    // it is gone already
  } finally {
    client.disconnect();
  }
  return true;
}
