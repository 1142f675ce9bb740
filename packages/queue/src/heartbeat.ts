/** For container health checks: a file that is touched while the process can do its work. */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@gofr-backup/model';

export interface Heartbeat {
  path: string;
  /** Stops and removes the file: a service that ended on purpose is not ill. */
  stop(): void;
}

const INTERVAL = 10_000;

/**
 * Touches `<tmp>/gofr-backup-<service>-<uid>.heartbeat` every 10 s: the directory is shared with other users. A
 * process whose event loop hangs stops beating. A process that waits for Redis goes on beating, because restarting it
 * would not bring Redis back.
 */
export function beatHeart(
  service: string,
  options: { path?: string; interval?: number; logger?: Logger } = {},
): Heartbeat {
  const name = `gofr-backup-${service}-${process.geteuid?.() ?? 0}.heartbeat`;
  const { path = join(tmpdir(), name), logger = silentLogger } = options;
  let told = false;
  const orTell = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      if (!told) logger.warn({ path, err: error }, 'heartbeat cannot be written');
      told = true;
    }
  };
  const beat = (): void => orTell(() => touch(path));
  beat();
  const timer = setInterval(beat, options.interval ?? INTERVAL);
  timer.unref();
  return {
    path,
    stop() {
      clearInterval(timer);
      orTell(() => rmSync(path, { force: true }));
    },
  };
}

/** The name in /tmp is known: a link that another user put there is not followed, nor the reader of a FIFO waited for. */
function touch(path: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o644);
  try {
    writeSync(descriptor, `${process.pid}\n`);
  } finally {
    closeSync(descriptor);
  }
}
