import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process of this machine is inside the same name.
 * An abstract Unix socket is the lock: the kernel takes it away when its holder dies, so none can go stale.
 * Systems without them (all but Linux) go unlocked.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once, when another holds it
 * @returns {Promise<T>}
 */
export async function exclusive(name, work, onWait = () => {}) {
  if (process.platform !== 'linux') return work();
  const path = `\0gofr-backup-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
  let server = await listen(path);
  if (!server) onWait();
  while (!server) {
    await sleep(100);
    server = await listen(path);
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}

/** @param {string} path @returns the server that is the lock; undefined: held by another */
function listen(path) {
  const server = createServer();
  /** @type {Promise<typeof server | undefined>} */
  const listening = new Promise((resolve, reject) => {
    server.once('error', (error) =>
      'code' in error && error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ path }, () => resolve(server));
  });
  return listening;
}
