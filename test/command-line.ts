/** The command line as its users have it: a process of its own, in surroundings of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTree, type Tree } from '@gofr-backup/testing';

export const ROOT = new URL('..', import.meta.url).pathname;
/** `npm test` builds it; vitest alone runs the sources. */
export const MAIN = process.env['TEST_CLI'] ?? join(ROOT, 'apps/cli/src/main.ts');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
  /** milliseconds */
  took: number;
}

export interface Running {
  child: ChildProcessWithoutNullStreams;
  /** what it said so far */
  said: { stdout: string; stderr: string };
  ended: Promise<Ran>;
}

export class Sandbox implements AsyncDisposable {
  readonly path: string;
  readonly data: string;
  readonly logs: string;
  readonly backups: string;
  readonly env: Record<string, string>;

  private constructor(path: string, env: Record<string, string>) {
    this.path = path;
    [this.data, this.logs, this.backups] = [join(path, 'data'), join(path, 'logs'), join(path, 'backups')];
    const { PATH = '', HOME = '', NODE_COMPILE_CACHE } = process.env;
    this.env = {
      ...{ PATH, HOME, TMPDIR: join(path, 'tmp') },
      ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
      ...{
        BACKUP_DATA_DIR: this.data,
        BACKUP_LOGS_DIR: this.logs,
        BACKUP_DIR: this.backups,
        BACKUP_THREADS: '1',
      },
      ...env,
    };
  }

  static async create(options: { tree?: Tree; env?: Record<string, string> } = {}): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(join(tmpdir(), 'gofr-cli-')), options.env ?? {});
    for (const name of ['data', 'logs', 'backups', 'tmp']) await mkdir(join(sandbox.path, name));
    await makeTree(sandbox.path, options.tree ?? SAMPLE);
    return sandbox;
  }

  start(args: readonly string[], env: Record<string, string> = {}): Running {
    return follow(process.execPath, [MAIN, ...args], { ...this.env, ...env }, this.path);
  }

  /** Runs to the end with nothing on standard input. */
  run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const { child, ended } = this.start(args, env);
    child.stdin.end();
    return ended;
  }

  /** Its document; throws with all it said when it failed. */
  async json<T = Record<string, unknown>>(
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], env);
    if (code !== 0)
      throw new Error(`gofr-backup ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return JSON.parse(stdout) as T;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export function follow(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
): Running {
  const began = performance.now();
  const child = spawn(command, args, { env, cwd });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said, took: performance.now() - began }));
  });
  return { child, said, ended };
}

export const SAMPLE: Tree = {
  data: {
    storage: {
      'chart.png': 'PNG'.repeat(20_000),
      'metadata.json': '{"charts":1}',
      deep: { 'näme with space.svg': '<svg/>' },
    },
    auth: { 'tokens.json': '{"t":"secret"}' },
  },
  logs: { 'app.log': 'started\n'.repeat(1000) },
};
