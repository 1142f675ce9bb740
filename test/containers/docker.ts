/** Runs docker and compose as a user would, on whichever client this machine has. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Debian's client where it is installed: it needs no buildx plugin for BuildKit. */
const DOCKER = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';

interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  timeoutMs?: number;
}

/** Resolves with whatever exit code came; a process that outlives the timeout is killed and answers -1. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, DOCKER_BUILDKIT: '1', ...options.env },
      stdio: 'pipe',
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({
        code: code ?? -1,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
  });
}

/** Throws with everything the command said unless it ended with 0. */
export async function must(ran: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await ran;
  if (code !== 0) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

export const docker = (...args: string[]): Promise<string> => must(run(DOCKER, args));
export const dockerRan = (args: string[], options?: RunOptions): Promise<Ran> => run(DOCKER, args, options);
