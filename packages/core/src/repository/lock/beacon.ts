/**
 * A Unix socket that lives exactly as long as the process that holds the lock. The kernel closes it however the
 * process ends, and containers that share the directory can reach it although they see neither each other's pids
 * nor networks. So a restarted sidecar need not wait for a heartbeat to grow old.
 */
import { open, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { isErrno } from '@gofr-backup/model';
import type { Liveness } from './identity.ts';

export interface Beacon {
  close(): Promise<void>;
}

/** undefined where the file system has no sockets: the heartbeat alone must do there. */
export async function lightBeacon(directory: string, name: string): Promise<Beacon | undefined> {
  const handle = await open(directory, 'r');
  const server = createServer((socket) => socket.destroy()).unref();
  const lit = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(shortPath(handle.fd, name), () => resolve(true));
  });
  const close = async () => {
    if (lit) await new Promise((resolve) => server.close(resolve));
    await rm(join(directory, name), { force: true });
    await handle.close();
  };
  if (lit) return { close };
  await close();
  return undefined;
}

/** Only to be asked for a beacon lit under this same kernel. */
export async function seeBeacon(directory: string, name: string): Promise<Liveness> {
  const handle = await open(directory, 'r');
  try {
    return await new Promise((resolve) => {
      const socket = connect(shortPath(handle.fd, name));
      socket.setTimeout(1000, () => settle('unknown'));
      socket.once('connect', () => settle('alive'));
      socket.once('error', (error) => settle(isErrno(error, 'ECONNREFUSED') ? 'dead' : 'unknown'));
      const settle = (liveness: Liveness) => {
        socket.destroy();
        resolve(liveness);
      };
    });
  } finally {
    await handle.close();
  }
}

/** A socket's path must fit 107 bytes; by the directory's descriptor it does, however deep the directory lies. */
const shortPath = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;
