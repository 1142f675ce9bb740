import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatDuration } from '@gofr-backup/model/format';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Ended {
  /** 128 + the signal's number when one ended it; 127 when it could not be started */
  code: number;
  stdout: string;
  /** stdout and stderr as they came */
  output: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** shows everything at once instead of collecting it */
  live?: boolean;
  /** what it reads; nothing by default */
  input?: string;
}

/** Runs a program to its end; never throws for a bad exit. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: options.env ?? process.env,
    stdio: options.live ? 'inherit' : [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(options.input);
  let stdout = '';
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, stdout, output: `${command}: ${error.message}` }));
    child.once('close', (code, signal) =>
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), stdout, output }),
    );
  });
}

/** Answers its stdout; throws with all it said when it fails. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, output } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.trim()}`);
  return stdout;
}

/** What git has checked out there, abbreviated; `-dirty` when files of git's differ from it; undefined: no checkout of its own. */
export async function revisionOf(directory: string): Promise<string | undefined> {
  const git = (...args: string[]) => run('git', ['-C', directory, ...args]);
  const top = await git('rev-parse', '--show-toplevel');
  if (top.code !== 0 || realpathSync(top.stdout.trim()) !== realpathSync(directory)) return undefined;
  const { code, stdout } = await git('describe', '--always', '--dirty', '--abbrev=12', '--exclude=*');
  return code === 0 ? stdout.trim() : undefined;
}

/** `1.2 s`, `5 min 3 s` since `started`, a reading of performance.now(). */
export function since(started: number): string {
  return formatDuration(performance.now() - started);
}
