/** What every scenario asks of a stack: is everything there, is everything good, does a new backup work. */
import { expect } from 'vitest';
import { type Ran } from './docker.ts';
import { type Stack, until } from './stack.ts';

export interface Entry {
  filename: string;
  tier: string;
  status: string;
  verified: boolean;
  sha256?: string;
  created_at?: string;
  timestamp: string;
}

export async function listed(stack: Stack): Promise<Entry[]> {
  return (await stack.json<{ backups: Entry[] }>('list')).backups;
}

export function parsed<T>(ran: Ran): T {
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  return JSON.parse(ran.stdout) as T;
}

/** Makes a backup through the queue; answers its entry and how long it took, in seconds. */
export async function backUp(stack: Stack): Promise<{ entry: Entry; seconds: number }> {
  const begun = performance.now();
  const { backup } = parsed<{ backup: Entry }>(await askUntilReached(stack));
  expect(backup).toMatchObject({ status: 'good', verified: true });
  return { entry: backup, seconds: (performance.now() - begun) / 1000 };
}

/** The command gives Redis a second; on a machine this busy that may be too short, and asking again is what one does. */
async function askUntilReached(stack: Stack): Promise<Ran> {
  for (let attempt = 1; ; attempt++) {
    const ran = await stack.cli('now', '--json');
    if (ran.code !== 69 || attempt === 5) return ran;
  }
}

/** The invariant after every fault: all that was there is there, reads back in full, and nothing half-made has a final name. */
export async function expectNothingLost(stack: Stack, before: Entry[]): Promise<void> {
  const now = await listed(stack);
  expect(now.map((e) => e.filename)).toEqual(expect.arrayContaining(before.map((e) => e.filename)));
  const { results } = await stack.json<{ results: { filename: string; ok: boolean }[] }>('verify', '--all');
  expect(results.filter((r) => !r.ok)).toEqual([]);
  // a job taken up again may have added one since
  expect(results.map((r) => r.filename)).toEqual(expect.arrayContaining(now.map((e) => e.filename)));
  await stack.helper(`
    for tier in daily weekly monthly; do
      [ -d /backups/$tier ] || continue
      cd /backups/$tier
      for sum in *.sha256; do [ ! -e "$sum" ] || sha256sum -c --quiet "$sum"; done
      for archive in *.tar.gz *.tar.xz; do [ ! -e "$archive" ] || tar tf "$archive" >/dev/null; done
    done`);
}

/** Waits until the temporary file of a running backup is seen to grow. */
export async function backupUnderWay(stack: Stack): Promise<void> {
  await until('a temporary archive grows', async () =>
    /\d/.test(await stack.helper(`find /backups -name '.tmp-*' -size +64k -printf '%s\\n'`)),
  );
}

/** Data that keeps a backup busy for some tens of seconds under xz. */
export const SLOW = { GOFR_PLOT_BACKUP_COMPRESSION: 'xz', GOFR_PLOT_BACKUP_THREADS: '1' };
export async function slowData(stack: Stack, megabytes = 12): Promise<void> {
  await stack.helper(`
    mkdir -p /data/storage
    for i in $(seq ${megabytes / 2}); do
      head -c 1048576 /dev/urandom | od -An -tx1 -v | head -c 2097152 >/data/storage/slow-$i.txt
    done
    chown -R 1234:1234 /data/storage`);
}
