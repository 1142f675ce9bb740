/**
 * A Unix socket that lives exactly as long as the process that holds the lock. The kernel closes it however the
 * process ends. Containers that share the directory can reach it, although they see neither each other's pids nor
 * networks. So a restarted sidecar need not wait until the holder's silence proves its death. On disk its name is
 * `lock.beacon-<token>`, which older versions know.
 */
import { open, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { isErrno } from '@gofr-backup/model';
import type { Liveness } from './identity.ts';

export interface HeartbeatSocket {
  close(): Promise<void>;
}

/** undefined where the file system has no sockets. Only the heartbeat shows there that the holder lives. */
export async function openHeartbeatSocket(
  directory: string,
  name: string,
): Promise<HeartbeatSocket | undefined> {
  const handle = await open(directory, 'r');
  const server = createServer((socket) => socket.destroy()).unref();
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(shortPath(handle.fd, name), () => resolve(true));
  });
  const close = async () => {
    if (listening) await new Promise((resolve) => server.close(resolve));
    await rm(join(directory, name), { force: true });
    await handle.close();
  };
  if (listening) return { close };
  await close();
  return undefined;
}

/** Whether the holder of a socket made under this same kernel lives. */
export async function probeHeartbeatSocket(directory: string, name: string): Promise<Liveness> {
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
