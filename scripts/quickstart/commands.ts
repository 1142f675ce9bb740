/** gofr-backup as a user has it: the command in node_modules/.bin, with the settings of one run. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { ROOT, run } from '../steps.ts';
import type { Playground } from './playground.ts';

const GOFR_BACKUP = join(ROOT, 'node_modules/.bin/gofr-backup');
const READY_WITHIN = 60_000;
const STOPPED_WITHIN = 30_000;

export class CommandError extends Error {}

/** Shows the command and lets it speak for itself; throws CommandError unless it ends with 0. */
export async function gofrBackup(playground: Playground, ...args: string[]): Promise<void> {
  showCommand(`npx gofr-backup ${args.join(' ')}`);
  const { code } = await run(GOFR_BACKUP, args, { live: true, env: environment(playground) });
  if (code !== 0) throw new CommandError(`\`gofr-backup ${args.join(' ')}\` ended with ${code}.`);
}

/** The JSON answer of a command, not shown. */
export async function ask<T>(playground: Playground, ...args: string[]): Promise<T> {
  const { code, stdout, output } = await run(GOFR_BACKUP, [...args, '--json'], {
    env: environment(playground),
  });
  if (code !== 0) throw new CommandError(`\`gofr-backup ${args.join(' ')}\` ended with ${code}:\n${output}`);
  return JSON.parse(stdout) as T;
}

export interface Service {
  /** asks it to end and waits; throws CommandError when it does not end well */
  stop(): Promise<void>;
}

/** Starts `gofr-backup serve` in the background and waits until its log names the next run. */
export async function startService(playground: Playground): Promise<Service & { nextRun: string }> {
  showCommand('npx gofr-backup serve &');
  const log = openSync(playground.log, 'a');
  const child = spawn(GOFR_BACKUP, ['serve'], {
    cwd: ROOT,
    env: { ...environment(playground), GOFR_PLOT_BACKUP_LOG_FORMAT: 'json' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code));
  const stop = async () => {
    child.kill('SIGTERM');
    const how = await Promise.race([ended, sleep(STOPPED_WITHIN, 'still running', { ref: false })]);
    if (how === '0') return;
    child.kill('SIGKILL');
    throw new CommandError(`\`gofr-backup serve\` was asked to stop and ended with ${how}.`);
  };
  try {
    return { stop, nextRun: await firstNextRun(playground, ended) };
  } catch (error) {
    child.kill('SIGTERM');
    throw error;
  }
}

async function firstNextRun(playground: Playground, ended: Promise<string>): Promise<string> {
  let how: string | undefined;
  void ended.then((end) => (how = end));
  const deadline = performance.now() + READY_WITHIN;
  while (performance.now() < deadline) {
    const next = nextRunIn(readFileSync(playground.log, 'utf8'));
    if (next !== undefined) return next;
    if (how !== undefined)
      throw new CommandError(`\`gofr-backup serve\` ended with ${how} before it was ready.`);
    await sleep(50);
  }
  throw new CommandError(`\`gofr-backup serve\` did not name its next run within ${READY_WITHIN / 1000} s.`);
}

function nextRunIn(log: string): string | undefined {
  const said = log
    .split('\n')
    .filter((line) => line.includes('"next run"'))
    .map((line) => JSON.parse(line) as { schedule?: string; local?: string })
    .find(({ schedule }) => schedule === 'backup');
  return said?.local;
}

/** The user's own settings stay out of it: only those of this run count. */
function environment({ settings }: Playground): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(GOFR_|BACKUP_)/.test(name));
  return { ...Object.fromEntries(own), ...settings };
}

export function showCommand(text: string): void {
  console.log(styleText('cyan', `\n$ ${text}`));
}
