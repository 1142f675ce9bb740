import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { waitFor } from './wait-for.ts';

export interface PrivateRedis extends AsyncDisposable {
  /** for REDIS_URL: `unix://…` or `redis://127.0.0.1:<port>` */
  readonly url: string;
  readonly pid: number;
  /** SIGKILL: what was written stays on disk, connections break. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same address with the same data. */
  start(): Promise<void>;
  /** Kills it and removes its directory. Also done when the test process ends. */
  stop(): Promise<void>;
}

/** A redis-server of its own: a unix socket in a temporary directory, or a free TCP port with `tcp`. */
export async function privateRedis(
  options: { tcp?: boolean; args?: readonly string[] } = {},
): Promise<PrivateRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'gofr-redis-'));
  const socket = join(dir, 'redis.sock');
  const port = options.tcp ? await freePort() : 0;
  const url = options.tcp ? `redis://127.0.0.1:${port}` : `unix://${socket}`;
  let server: ChildProcess | undefined;

  const killNow = (): void => void server?.kill('SIGKILL');
  process.once('exit', killNow);

  const redis: PrivateRedis = {
    url,
    get pid() {
      return server?.pid ?? 0;
    },
    async kill() {
      const running = server;
      server = undefined;
      if (running?.exitCode !== null || running.signalCode !== null) return;
      running.kill('SIGKILL');
      await once(running, 'exit');
    },
    async start() {
      if (server) return;
      server = spawn('redis-server', [...serverArguments(dir, socket, port), ...(options.args ?? [])], {
        stdio: 'ignore',
      });
      const failed = once(server, 'error').then(([error]) => Promise.reject(error as Error));
      await Promise.race([failed, waitFor(() => answers(options.tcp ? { port } : { path: socket }))]);
    },
    async stop() {
      await redis.kill();
      process.off('exit', killNow);
      await rm(dir, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => redis.stop(),
  };
  await redis.start();
  return redis;
}

const serverArguments = (dir: string, socket: string, port: number): string[] => [
  ...['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--dir', dir],
  ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--maxmemory-policy', 'noeviction'],
];

/** Also when it asks for a password that this fixture does not know. */
async function answers(address: { path: string } | { port: number }): Promise<boolean> {
  const client = new Redis({
    ...address,
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 1000,
  });
  let locked = false;
  client.on('error', (error: Error) => (locked ||= error.message.startsWith('NOAUTH')));
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch (error) {
    if (locked || String(error).includes('NOAUTH')) return true;
    throw error;
  } finally {
    client.disconnect();
  }
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
