/** PRE_COMMAND and POST_COMMAND: what an operator wants run around a backup. */
import { spawn } from 'node:child_process';
import { BackupError, type BackupPlan, type BackupRequest, type Logger } from '@gofr-backup/model';

export interface CommandOptions {
  /** for the log and the error: e.g. `PRE_COMMAND` */
  name: string;
  /** milliseconds */
  timeout: number;
  /** all that it gets */
  environment: Readonly<Record<string, string>>;
  logger: Logger;
  signal?: AbortSignal;
  /** between SIGTERM and SIGKILL, milliseconds */
  grace?: number;
}

/** How many bytes of a failed command's output its error quotes, from the end. */
const QUOTED = 2000;

/**
 * Runs `command` by `/bin/sh -c`, its output line by line in the log. On timeout or abort its whole process group gets
 * SIGTERM, then SIGKILL. Throws FAILED (exit status, signal, timeout) or CANCELLED.
 */
export async function runCommand(command: string, options: CommandOptions): Promise<void> {
  const { name, timeout, environment, logger, signal } = options;
  if (signal?.aborted)
    throw new BackupError('CANCELLED', `${name} was not run`, { why: 'the operation was cancelled' });
  logger.info({ command: name }, 'running command');
  const child = spawn('/bin/sh', ['-c', command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment },
  });
  const tail = logOutput(child.stdout, child.stderr, name, logger);
  const stop = stopper(child.pid, options.grace ?? 5000);
  let ended: 'timeout' | 'abort' | undefined;
  const timer = setTimeout(() => ((ended = 'timeout'), stop.start()), timeout);
  const abort = () => ((ended = 'abort'), stop.start());
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const [code, by] = await exitOf(child);
    if (ended === undefined && code === 0) return;
    if (ended === 'abort')
      throw new BackupError('CANCELLED', `${name} was stopped`, { why: 'the operation was cancelled' });
    const reason =
      ended === 'timeout' ? `it ran longer than ${timeout / 1000} s and was killed` : describeExit(code, by);
    throw new BackupError('FAILED', `${name} failed`, {
      why: [reason, tail().trim()].filter(Boolean).join('; its last output: '),
      hint: `Run it by hand in this container to see why: sh -c '…'. Nothing was backed up if it was the pre-command.`,
      details: { status: code, signal: by },
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    stop.end();
  }
}

type Commands = Pick<
  BackupPlan,
  'project' | 'dataDir' | 'backupDir' | 'preCommand' | 'postCommand' | 'commandEnvironment' | 'commandTimeout'
>;

/**
 * Runs `work` between the plan's pre- and post-command. A failing pre-command fails the run; post always runs, and is
 * told the archive's name when there is one.
 */
export async function withCommands<T extends { filename: string }>(
  plan: Commands,
  { tier = 'daily', trigger }: BackupRequest,
  ports: { logger: Logger; signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const { preCommand, postCommand, commandTimeout: timeout, commandEnvironment = {} } = plan;
  const environment = {
    ...commandEnvironment,
    GOFR_BACKUP_PROJECT: plan.project,
    GOFR_BACKUP_DATA_DIR: plan.dataDir,
    GOFR_BACKUP_DIR: plan.backupDir,
    GOFR_BACKUP_TIER: tier,
    GOFR_BACKUP_TRIGGER: trigger,
  };
  const facts: Record<string, string> = { GOFR_BACKUP_RESULT: 'failed' };
  try {
    if (preCommand) await runCommand(preCommand, { name: 'PRE_COMMAND', timeout, environment, ...ports });
    const made = await work();
    Object.assign(facts, { GOFR_BACKUP_RESULT: 'done', GOFR_BACKUP_FILE: made.filename });
    return made;
  } finally {
    if (postCommand) await runPost(postCommand, timeout, { ...environment, ...facts }, ports.logger);
  }
}

/**
 * A failure of the post-command is a warning: the backup is made, and an error here would hide the run's own error.
 * It is never cancelled, because it undoes the pre-command.
 */
async function runPost(
  command: string,
  timeout: number,
  environment: Readonly<Record<string, string>>,
  logger: Logger,
): Promise<void> {
  try {
    await runCommand(command, { name: 'POST_COMMAND', timeout, environment, logger });
  } catch (error) {
    logger.warn({ err: error }, 'POST_COMMAND failed');
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `it was ended by ${signal}` : `it ended with status ${code}`;
}

/** Waits for `exit`, not `close`: a grandchild in the background may keep the pipes open for ever. */
function exitOf(child: ReturnType<typeof spawn>): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve([code, signal]));
  }).finally(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }) as Promise<[number | null, NodeJS.Signals | null]>;
}

/** Ends the process group: SIGTERM, and SIGKILL after `grace` ms. */
function stopper(pid: number | undefined, grace: number) {
  let timer: NodeJS.Timeout | undefined;
  const send = (signal: NodeJS.Signals) => {
    try {
      if (pid) process.kill(-pid, signal);
    } catch {
      // ESRCH: the group is gone
    }
  };
  let started = false;
  return {
    start() {
      started = true;
      send('SIGTERM');
      timer = setTimeout(send, grace, 'SIGKILL');
    },
    /** after a timeout: ends the processes that the shell left running */
    end() {
      clearTimeout(timer);
      if (started) send('SIGKILL');
    },
  };
}

function logOutput(
  out: NodeJS.ReadableStream,
  err: NodeJS.ReadableStream,
  name: string,
  logger: Logger,
): () => string {
  let tail = '';
  for (const stream of [out, err]) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      tail = (tail + text).slice(-QUOTED);
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(-QUOTED);
      for (const line of lines) logger.info({ command: name, line: line.slice(0, QUOTED) }, 'command output');
    });
  }
  return () => tail;
}
