/** The private Redis on a disk that is really full: a small tmpfs, where this process may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@gofr-backup/model';
import { afterAll, describe, expect, test } from 'vitest';
import { connect } from '../connection.ts';
import { enqueue } from '../enqueue.ts';
import { follow } from '../follow.ts';
import { openQueue } from '../queue.ts';
import { serviceConnection } from '../service-connection.ts';

const root = await mkdtemp(join(tmpdir(), 'gofr-full-'));
const backupDir = join(root, 'backups');
await mkdir(backupDir);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', backupDir]).status === 0;

describe.runIf(mounted)('on a small file system (needs the right to mount)', () => {
  const stateDir = join(backupDir, '.gofr-backup');
  const start = () => serviceConnection({ redisUrl: undefined, stateDir, backupDir, logger: silentLogger });
  const fill = () => spawnSync('sh', ['-c', `head -c 2m /dev/zero > '${join(backupDir, 'filler')}'`]);
  afterAll(async () => {
    // a Redis that was told to stop may still be ending
    spawnSync('umount', ['--lazy', backupDir]);
    await rm(root, { recursive: true, force: true });
  });

  test('adding and following end with 74 and name BACKUP_DIR; with room the queue works again', async () => {
    const service = await start();
    const command = await connect(`unix://${join(stateDir, 'redis', 'redis.sock')}`, {
      mode: 'command',
      disk: service.disk,
    });
    const queue = openQueue('plot', command);
    fill();
    // Redis learns of it by its next write, so one job may still be taken
    const asked = async () => {
      for (;;) await follow(await enqueue(queue, 'backup', {}));
    };
    await expect(asked()).rejects.toMatchObject({
      code: 'DISK_FULL',
      exit: 74,
      why: expect.stringContaining('No space left') as string,
      hint: `Free space in BACKUP_DIR (${backupDir}): the private Redis writes there.`,
    });
    await expect(enqueue(queue, 'verify', {})).rejects.toMatchObject({ code: 'DISK_FULL' });
    await rm(join(backupDir, 'filler'));
    await expect
      .poll(() => enqueue(queue, 'verify', {}).catch(() => undefined), { timeout: 10_000 })
      .toBeDefined();
    await queue.close();
    command.close();
    await service.end();
  });

  test('a start ends with 74 and names BACKUP_DIR; what was queued is not set aside', async () => {
    fill();
    await expect(start()).rejects.toMatchObject({
      code: 'DISK_FULL',
      hint: expect.stringContaining(`BACKUP_DIR (${backupDir})`) as string,
    });
    const kept = await readdir(join(stateDir, 'redis'));
    expect(kept.filter((name) => name.startsWith('appendonlydir'))).toEqual(['appendonlydir']);
    await rm(join(backupDir, 'filler'));
    const service = await start();
    await service.end();
  });
});
