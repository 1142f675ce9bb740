/** `rclone rcd`: one child for all calls, on loopback, with a password of its own, that ends with this process at the latest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '@gofr-backup/posix';
import { StoreError } from '../store-error.ts';
import type { HttpServer } from '../http/http-client.ts';

export interface RcloneChild extends AsyncDisposable {
  server: HttpServer;
}

/** Ends rclone when its own standard input ends, that is with this process, however that dies. */
const LEASH = `exec 3<&0
"$@" 3<&- & child=$!
(cat <&3 >/dev/null; kill "$child" 2>/dev/null) 3<&3 &
exec 3<&-
wait "$child"`;
const USER = 'gofr-backup';
const SERVES = /Serving remote control on (?<url>http:\/\/127\.0\.0\.1:\d+\/)/;

/** `timeout` in ms: of a remote that falls silent, and of rclone itself. */
export async function startRclone(timeout: number): Promise<RcloneChild> {
  const directory = await mkdtemp(join(tmpdir(), 'gofr-rclone-'));
  const password = randomBytes(32).toString('base64url');
  const hash = createHash('sha1').update(password).digest('base64');
  // not an argument, which every user of the machine could read
  const passwords = join(directory, 'passwords');
  await writeFile(passwords, `${USER}:{SHA}${hash}\n`, { mode: 0o600 });
  const seconds = `${Math.max(1, Math.ceil(timeout / 1000))}s`;
  const child = spawn(
    'sh',
    [
      ...['-c', LEASH, 'sh', 'rclone', 'rcd', '--rc-serve', '--rc-addr', '127.0.0.1:0'],
      ...['--rc-htpasswd', passwords, '--contimeout', seconds, '--timeout', seconds],
      // retrying.ts tries again
      ...['--retries', '1', '--low-level-retries', '1'],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  const end = async (): Promise<void> => {
    child.stdin.destroy();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const url = await urlOf(child, timeout);
    return { server: { url, user: USER, password, timeout }, [Symbol.asyncDispose]: end };
  } catch (error) {
    child.on('error', () => {});
    await rm(directory, { recursive: true, force: true });
    child.stdin.destroy();
    throw isErrno(error, 'ENOENT') ? notInstalled(error) : error;
  }
}

/** From its log, which is read on, or rclone would wait for a reader. */
function urlOf(child: ChildProcess, timeout: number): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const silent = setTimeout(() => reject(notStarted(`no word within ${timeout} ms`)), timeout);
    const done = (): void => clearTimeout(silent);
    child.stderr?.on('data', (bytes: Buffer) => {
      if (said.length < 10_000) said += bytes.toString();
      const url = SERVES.exec(said)?.groups?.['url'];
      if (url === undefined) return;
      done();
      resolve(url);
    });
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('exit', (code) => {
      done();
      reject(code === NOT_FOUND ? notInstalled() : notStarted(said.trim().split('\n').at(-1) ?? ''));
    });
  });
}

/** The shell's answer when there is no such program. */
const NOT_FOUND = 127;

function notInstalled(cause?: unknown): StoreError {
  return new StoreError('misconfigured', 'rclone cannot be run', {
    why: 'it is not installed, or not in PATH',
    hint: 'Install rclone, or use a store that needs none.',
    ...(cause !== undefined && { cause }),
  });
}

const notStarted = (why: string): StoreError => new StoreError('failed', 'rclone does not start', { why });
