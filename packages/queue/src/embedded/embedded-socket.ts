/** Where the embedded Redis listens. */
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { BackupError, isErrno, toBackupError } from '@gofr-backup/model';

/** sun_path has 108 bytes with the closing zero (104 on macOS) */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;
const PING_TIMEOUT = 1000;
/** how long a server that is loading its file is waited for */
const LOADING_PATIENCE = 60_000;

/**
 * The socket's path: in the directory itself, or in /tmp under a name made from the directory when the path is too
 * long for a socket.
 */
export function socketOf(dir: string): string {
  const absolute = resolve(dir);
  const direct = join(absolute, 'redis.sock');
  const hash = createHash('sha256').update(absolute).digest('hex').slice(0, 16);
  const short = join(tmpdir(), `gofr-backup-${process.getuid?.() ?? 0}-${hash}`, 'redis.sock');
  return Buffer.byteLength(direct) <= LONGEST_PATH ? direct : short;
}

/**
 * Makes the socket's directory in /tmp where it is needed. It must belong to this user alone, because another user
 * could have made it before.
 */
export async function prepareSocket(dir: string): Promise<void> {
  const parent = dirname(socketOf(dir));
  if (parent === resolve(dir)) return;
  await mkdir(parent, { mode: 0o700 }).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw toBackupError(error, `making ${parent}`);
  });
  const stats = await lstat(parent);
  if (stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0) return;
  throw new BackupError('PERMISSION', `${parent} cannot hold the socket of the embedded Redis`, {
    why: 'it belongs to somebody else, or others may write to it',
    hint: 'Remove it, give BACKUP_DIR a shorter path, or set REDIS_URL.',
  });
}

/** True once the server answers, if need be after loading its file; PERMISSION when it is another user's. */
export async function answersPing(socket: string, patience = LOADING_PATIENCE): Promise<boolean> {
  const client = new Redis({
    path: socket,
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: PING_TIMEOUT,
    commandTimeout: patience,
  });
  let denied = false;
  client.on('error', (error: unknown) => (denied ||= isErrno(error, 'EACCES')));
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    if (!denied) return false;
    throw new BackupError('PERMISSION', 'The embedded Redis belongs to another user', {
      why: `${socket} may not be opened by uid ${process.getuid?.() ?? '?'}`,
      hint: 'Run as the user that runs `gofr-backup serve`, or set REDIS_URL.',
      details: { socket },
    });
  } finally {
    client.disconnect();
  }
}
