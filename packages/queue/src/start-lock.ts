/** Lets one process at a time start a server in a directory; held for a second or so, never for long. */
import { randomUUID } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, type Clock } from '@gofr-backup/core';

/** A holder touches its file every 2 s, so one this old belongs to a process that died. */
const STALE = 15_000;
const TOUCH = 2000;
const PATIENCE = 60_000;

/** Throws BUSY when the lock cannot be had within a minute. */
export async function whileStarting<T>(dir: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const path = join(dir, 'start.lock');
  const token = await acquire(path, clock);
  const touching = setInterval(() => void touch(path, clock).catch(() => {}), TOUCH);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    if ((await readFile(path, 'utf8').catch(() => '')) === token) await rm(path, { force: true });
  }
}

async function acquire(path: string, clock: Clock): Promise<string> {
  const token = `${process.pid} ${randomUUID()}\n`;
  const deadline = clock.monotonic() + PATIENCE;
  for (;;) {
    if (await createExclusively(path, token)) {
      await touch(path, clock);
      return token;
    }
    if (await isStale(path, clock)) await removeStale(path, clock);
    else if (clock.monotonic() > deadline) break;
    else await sleep(30);
  }
  throw new BackupError('BUSY', 'Another process has been starting the embedded Redis for a minute', {
    why: `${path} is held`,
    hint: 'Look for a hanging gofr-backup process.',
  });
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Two must not remove it one after the other: the second would remove the first one's new lock. */
async function removeStale(path: string, clock: Clock): Promise<void> {
  const broom = `${path}.stale`;
  if (!(await createExclusively(broom, ''))) {
    if (await isStale(broom, clock)) await rm(broom, { force: true });
    return sleep(30);
  }
  try {
    if (await isStale(path, clock)) await rm(path, { force: true });
  } finally {
    await rm(broom, { force: true });
  }
}

/** A file from the future is as stale as an old one: the clock was set back, and its holder would have touched it. */
async function isStale(path: string, clock: Clock): Promise<boolean> {
  const age = clock.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? clock.now());
  return Math.abs(age) > STALE;
}

const touch = (path: string, clock: Clock): Promise<void> =>
  utimes(path, clock.now() / 1000, clock.now() / 1000);
