/**
 * The private Redis of a backup directory, for when REDIS_URL is unset: one server a directory, on a unix socket,
 * shared by all processes that start it, ended by the last of them. State survives a kill (append-only file).
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureOwnDirectory, isOwnDirectory } from '@gofr-backup/core';
import {
  BackupError,
  type Clock,
  type Logger,
  silentLogger,
  systemClock,
  toBackupError,
} from '@gofr-backup/model';
import { answersPing, prepareSocket, socketOf } from './embedded-socket.ts';
import { spawnRedis, type Server } from './embedded-spawn.ts';
import { whileStarting } from './start-lock.ts';

export interface EmbeddedRedis {
  /** for `connect` */
  url: string;
  /** true: it ran already */
  adopted: boolean;
  /** Ends the server when no other process uses it. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** for its files; created 0700 */
  dir: string;
  /** as a person knows it, for when it is full; default: `dir` */
  disk?: string | undefined;
  /** The server ends with this process, however the process ends, because no other process will end it. */
  alone?: boolean;
  /** called when the server's process is there and does not answer yet: a time to load what comes next */
  spawned?: () => void;
  logger?: Logger;
  clock?: Clock;
}

/** ms to wait when the question is only whether a server runs */
const ANSWER_SOON = 1000;

/**
 * Adopts the running server of `dir` or starts one, and starts it again should it die before `stop`.
 * Throws REDIS_MISSING, PERMISSION, DISK_FULL or IO.
 */
export async function startEmbeddedRedis(options: EmbeddedOptions): Promise<EmbeddedRedis> {
  const { dir, disk = dir, alone = false, spawned, logger = silentLogger, clock = systemClock } = options;
  const server = { dir, socket: socketOf(dir), alone, spawned, logger, clock };
  const { socket, adopted } = await makeDirectory(dir)
    .then(() => ensureRunning(server))
    .catch((error: unknown) => {
      throw startProblem(error, dir, disk);
    });
  logger.info({ socket }, adopted ? 'joined the running embedded Redis' : 'embedded Redis started');
  const { keepRunning, shutdownIfUnused } = await import('./embedded-users.ts');
  const user = await keepRunning(socket, () => ensureRunning(server), logger);
  return {
    url: socketUrl(socket),
    adopted,
    async stop() {
      user.end();
      await shutdownIfUnused(socket, logger);
    },
  };
}

function startProblem(thrown: unknown, dir: string, disk: string): BackupError {
  const error = toBackupError(thrown, `Starting the private Redis in ${dir}`);
  if (error.code !== 'DISK_FULL') return error;
  const { code, message, why, details } = error;
  return new BackupError(code, message, { why, details, hint: `Free space in ${disk}.`, cause: thrown });
}

/** Where the embedded Redis of a backup directory keeps its files; `stateDir` is the repository's. */
export const embeddedRedisDir = (stateDir: string): string => join(stateDir, 'redis');

/** The URL of the embedded Redis that runs for `dir` now; undefined when there is none. */
export async function findEmbeddedRedis(dir: string): Promise<string | undefined> {
  const socket = socketOf(dir);
  if (!(await isOurs(dir))) return undefined;
  return (await answersPing(socket, ANSWER_SOON)) ? socketUrl(socket) : undefined;
}

const socketUrl = (socket: string): string => `unix://${socket.split('/').map(encodeURIComponent).join('/')}`;

/**
 * Ends a server that still runs in `dir` and that no process uses. `used`: a process uses it, perhaps in another
 * container.
 */
export async function endUnusedRedis(dir: string, logger: Logger): Promise<'used' | 'ended' | 'none'> {
  const socket = socketOf(dir);
  if (!(await isOurs(dir)) || !(await answersPing(socket, ANSWER_SOON))) return 'none';
  const { shutdownIfUnused } = await import('./embedded-users.ts');
  return (await shutdownIfUnused(socket, logger)) ? 'ended' : 'used';
}

/** Whether no other user can have put the directory, or its parent, there. */
const isOurs = async (dir: string): Promise<boolean> =>
  (await isOwnDirectory(dirname(dir))) && isOwnDirectory(dir);

async function makeDirectory(dir: string): Promise<void> {
  await mkdir(dirname(dirname(dir)), { recursive: true });
  await ensureOwnDirectory(dirname(dir), 0o700);
  await ensureOwnDirectory(dir, 0o700);
}

async function ensureRunning(server: Server): Promise<{ socket: string; adopted: boolean }> {
  const { dir, socket } = server;
  if (await answersPing(socket)) return { socket, adopted: true };
  return whileStarting(dir, server, async () => {
    // two servers on one directory would both start, and the second steal the socket
    if (await answersPing(socket)) return { socket, adopted: true };
    await prepareSocket(dir);
    await spawnRedis(server);
    return { socket, adopted: false };
  });
}
