import { spawn } from 'node:child_process';
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
}

/** Runs a program to its end; never throws for a bad exit. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env: options.env ?? process.env,
    stdio: options.live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
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

/** `1.2 s`, `5 min 3 s` since `started`, a reading of performance.now(). */
export function since(started: number): string {
  return formatDuration(performance.now() - started);
}
