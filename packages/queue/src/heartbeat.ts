/** For container health checks: a file that is touched while the process can do its work. */
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, type Logger } from '@gofr-backup/core';

export interface Heartbeat {
  path: string;
  /** Stops and removes the file: a service that ended on purpose is not ill. */
  stop(): void;
}

const INTERVAL = 10_000;

/**
 * Touches `<tmp>/gofr-backup-<service>.heartbeat` every 10 s. A process whose event loop hangs stops beating;
 * one that waits for Redis does not, because restarting it would not bring Redis back.
 */
export function beatHeart(
  service: string,
  options: { path?: string; interval?: number; logger?: Logger } = {},
): Heartbeat {
  const { path = join(tmpdir(), `gofr-backup-${service}.heartbeat`), logger = silentLogger } = options;
  let told = false;
  const beat = (): void => {
    try {
      touch(path);
    } catch (error) {
      if (!told) logger.warn({ path, err: error }, 'heartbeat cannot be written');
      told = true;
    }
  };
  beat();
  const timer = setInterval(beat, options.interval ?? INTERVAL);
  timer.unref();
  return {
    path,
    stop() {
      clearInterval(timer);
      rmSync(path, { force: true });
    },
  };
}

/** Never through a link: the name in /tmp is known, and anybody could have put one there. */
function touch(path: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644);
  try {
    writeSync(descriptor, `${process.pid}\n`);
  } finally {
    closeSync(descriptor);
  }
}
