/** Where the embedded Redis listens. */
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, isErrno, toBackupError } from '@gofr-backup/model';

/** sun_path has 108 bytes with the closing zero (104 on macOS) */
const LONGEST_PATH = process.platform === 'darwin' ? 103 : 107;
const PING = 'PING\r\n';
/** how long a server that is loading its file is waited for */
const LOADING_PATIENCE = 60_000;
const LOADING_PAUSE = 15;

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
  const client = connect(socket)
    .setEncoding('latin1')
    .on('error', () => {});
  const late = setTimeout(() => client.destroy(), patience);
  try {
    return await hearsPong(client);
  } catch (error) {
    if (!isErrno(error, 'EACCES')) return false;
    throw new BackupError('PERMISSION', 'The embedded Redis belongs to another user', {
      why: `${socket} may not be opened by uid ${process.getuid?.() ?? '?'}`,
      hint: 'Run as the user that runs `gofr-backup serve`, or set REDIS_URL.',
      details: { socket },
    });
  } finally {
    clearTimeout(late);
    client.destroy();
  }
}

/** Asked by hand: the client library takes 50 ms to load, and most commands have nothing else to ask. */
async function hearsPong(client: Socket): Promise<boolean> {
  client.write(PING);
  for await (const answer of client as AsyncIterable<string>) {
    if (!answer.startsWith('-LOADING')) return answer.startsWith('+PONG');
    await sleep(LOADING_PAUSE);
    client.write(PING);
  }
  return false;
}
