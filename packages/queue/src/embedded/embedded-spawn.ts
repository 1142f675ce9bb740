import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeSpace } from '@gofr-backup/core';
import { BackupError, type Clock, ignoring, type Logger } from '@gofr-backup/model';
import { answersPing } from './embedded-socket.ts';

export interface Server {
  dir: string;
  socket: string;
  /** it ends with this process */
  alone: boolean;
  spawned?: (() => void) | undefined;
  logger: Logger;
  clock: Clock;
}

const PROGRAMS = ['redis-server', 'valkey-server'];

/** Resolves when it answers; throws REDIS_MISSING, or DISK_FULL or IO with the server's own last words. */
export async function spawnRedis(server: Server): Promise<void> {
  const words = await trySpawn(server);
  if (words === undefined) return;
  // its file is as good as it was: it could not be written
  if (await isFull(server.dir, words)) throw didNotStart(server, words, 'DISK_FULL');
  if (!/append[ -]?only file|\bAOF\b/i.test(words)) throw didNotStart(server, words);
  // what was queued is lost, backups are not; without this no backup would ever run again
  const aside = `appendonlydir.damaged-${server.clock.now()}`;
  await rename(join(server.dir, 'appendonlydir'), join(server.dir, aside));
  server.logger.warn(
    { dir: server.dir, aside },
    'embedded Redis could not read its file, set it aside and began anew',
  );
  const again = await trySpawn(server);
  if (again !== undefined) throw didNotStart(server, again);
}

/** Undefined when it runs, else what it said before it ended. */
async function trySpawn({ dir, socket, alone, spawned, clock }: Server): Promise<string | undefined> {
  const log = join(dir, 'redis.log');
  const child = await spawnFirst(PROGRAMS, redisArguments(dir, socket), log);
  if (alone) endWithUs(child);
  spawned?.();
  const deadline = clock.monotonic() + 60_000;
  while (child.exitCode === null && child.signalCode === null) {
    if (await answersPing(socket)) {
      child.unref();
      return undefined;
    }
    if (clock.monotonic() > deadline) child.kill('SIGKILL');
    await sleep(15);
  }
  return readFile(log, 'utf8').catch(() => '');
}

async function spawnFirst(programs: readonly string[], args: string[], log: string): Promise<ChildProcess> {
  // the old one may be another user's, and closed
  await rm(log, { force: true });
  const output = await open(log, 'wx', 0o600);
  try {
    for (const program of programs) {
      // detached: Ctrl-C in the terminal must reach us first, and the job be given back, before it ends
      const child = spawn(program, args, { detached: true, stdio: ['ignore', output.fd, output.fd] });
      const started = once(child, 'spawn').catch(ignoring('ENOENT'));
      if ((await started) !== undefined) return child;
    }
  } finally {
    await output.close();
  }
  throw new BackupError('REDIS_MISSING', 'No Redis to run', {
    why: `REDIS_URL is unset, and neither ${programs.join(' nor ')} is on PATH`,
  });
}

/** Ends `child` when this process ends, even by a kill: the kernel then closes this process's end of the pipe. */
function endWithUs(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'read -r word || kill "$0"', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.once('exit', () => guard.stdin.end('over\n'));
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  guard.unref();
  (guard.stdin as Socket).unref();
}

const redisArguments = (dir: string, socket: string): string[] => [
  ...['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', dir],
  ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction'],
  ...['--daemonize', 'no', '--logfile', ''],
];

/** What the server said of it may not have found room either. */
async function isFull(dir: string, words: string): Promise<boolean> {
  return /no space left/i.test(words) || (await freeSpace(dir)) === 0;
}

function didNotStart({ dir }: Server, words: string, code: 'IO' | 'DISK_FULL' = 'IO'): BackupError {
  const last = words.trim().split('\n').slice(-3).join('; ');
  return new BackupError(code, 'The embedded Redis did not start', {
    why: last || 'it ended without a word',
    hint: `See ${join(dir, 'redis.log')}, or set REDIS_URL to a Redis of your own.`,
    details: { dir },
  });
}
