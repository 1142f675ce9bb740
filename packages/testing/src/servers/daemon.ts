import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Daemon {
  readonly pid: number;
  /** whether it still runs */
  runs(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * A server in the foreground, its words in the file `log`. It ends with the test process at the latest; one that has children of its own
 * wants a SIGTERM for it.
 */
export function daemon(
  command: string,
  args: readonly string[],
  log: string,
  ending: NodeJS.Signals = 'SIGKILL',
): Daemon {
  const out = openSync(log, 'a');
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', out, out],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  closeSync(out);
  let failed = false;
  child.once('error', () => (failed = true));
  const kill = (): void => void child.kill(ending);
  process.once('exit', kill);
  const runs = (): boolean => !failed && child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    runs,
    signal: (signal) => void child.kill(signal),
    async stop() {
      process.off('exit', kill);
      if (!runs()) return;
      kill();
      await once(child, 'exit');
    },
  };
}

/** For a server that did not start: the end of what it said. */
export function lastWords(log: string): string {
  return readFileSync(log, 'utf8').slice(-2000);
}
