import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@gofr-backup/model';
import { temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { describe, expect, test, vi } from 'vitest';
import { connect, type Connection } from '../connection.ts';
import { findEmbeddedRedis, startEmbeddedRedis } from './embedded.ts';
import { endOrphans } from './orphans.ts';
import { socketOf } from './embedded-socket.ts';

async function ask<T>(url: string, question: (client: Connection['client']) => Promise<T>): Promise<T> {
  const connection = await connect(url, { mode: 'command' });
  try {
    return await question(connection.client);
  } finally {
    connection.close();
  }
}

const pidOf = (url: string): Promise<number> =>
  ask(url, async (client) => Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]));

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

test('starts private, is found, is adopted, and ends with its last user', async () => {
  await using dir = await temporaryDirectory();
  expect(await findEmbeddedRedis(dir.path)).toBeUndefined();
  const spawned = vi.fn<() => void>();
  const first = await startEmbeddedRedis({ dir: dir.path, spawned });
  const pid = await pidOf(first.url);
  expect((await stat(join(dir.path, 'redis.sock'))).mode & 0o777).toBe(0o700);
  expect(await findEmbeddedRedis(dir.path)).toBe(first.url);
  const second = await startEmbeddedRedis({ dir: dir.path, spawned });
  expect(spawned).toHaveBeenCalledOnce();
  expect([first.adopted, second.adopted]).toEqual([false, true]);
  await first.stop();
  expect(await pidOf(second.url)).toBe(pid);
  await second.stop();
  await waitFor(() => isGone(pid));
  expect(await findEmbeddedRedis(dir.path)).toBeUndefined();
});

test('its state survives SIGKILL, and it is started again while in use', async () => {
  await using dir = await temporaryDirectory();
  const redis = await startEmbeddedRedis({ dir: dir.path });
  await ask(redis.url, (client) => client.set('kept', 'yes'));
  await waitFor(async () =>
    (await ask(redis.url, (client) => client.info('persistence'))).includes('aof_pending_bio_fsync:0'),
  );
  const pid = await pidOf(redis.url);
  process.kill(pid, 'SIGKILL');
  await waitFor(async () => (await pidOf(redis.url)) !== pid);
  expect(await ask(redis.url, (client) => client.get('kept'))).toBe('yes');
  await redis.stop();
});

test('four starters in as many processes bring up one server, and leave none', async () => {
  await using dir = await temporaryDirectory();
  const script = `const {startEmbeddedRedis} = await import('${import.meta.dirname}/embedded.ts');
    const redis = await startEmbeddedRedis({dir: process.argv[1]});
    console.log(redis.adopted ? 'adopted' : 'started');
    process.stdin.once('data', async () => { await redis.stop(); process.exit(0); });`;
  const starters = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, dir.path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const said = await Promise.all(
    starters.map(async ({ stdout }) => String(((await once(stdout, 'data')) as [Buffer])[0]).trim()),
  );
  expect(said.toSorted()).toEqual([...Array<string>(3).fill('adopted'), 'started']);
  const pid = await pidOf((await findEmbeddedRedis(dir.path)) ?? '');
  await Promise.all(starters.map((child) => (child.stdin.write('stop\n'), once(child, 'exit'))));
  await waitFor(() => isGone(pid));
}, 60_000);

test('an orphan of a killed parent is adopted, and ended by the adopter', async () => {
  await using dir = await temporaryDirectory();
  const script = `const {startEmbeddedRedis} = await import('${import.meta.dirname}/embedded.ts');
    await startEmbeddedRedis({dir: process.argv[1]}); console.log('up');`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script, dir.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent.stdout, 'data');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const adopter = await startEmbeddedRedis({ dir: dir.path });
  const pid = await pidOf(adopter.url);
  expect(adopter.adopted).toBe(true);
  await adopter.stop();
  await waitFor(() => isGone(pid));
});

test('a lock left by a starter that died does not keep the next one out', async () => {
  await using dir = await temporaryDirectory();
  const script = `const { withLock } = await import('@gofr-backup/core');
  const { systemClock, silentLogger } = await import('@gofr-backup/model');
    const ports = {clock: systemClock, logger: silentLogger};
    await withLock(process.argv[1], {owner: 'dying', ports}, () => process.kill(process.pid, 'SIGKILL'));`;
  const dying = spawn(process.execPath, ['--input-type=module', '-e', script, dir.path], {
    cwd: import.meta.dirname,
  });
  await once(dying, 'exit');
  expect(await readdir(dir.path)).toContain('lock.1');
  const redis = await startEmbeddedRedis({ dir: dir.path });
  await redis.stop();
});

test('one that is for a single process ends with it, were that killed', async () => {
  await using dir = await temporaryDirectory();
  const script = `const {startEmbeddedRedis} = await import('${import.meta.dirname}/embedded.ts');
    const {url} = await startEmbeddedRedis({dir: process.argv[1], alone: true}); console.log(url);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script, dir.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = await pidOf(String(url).trim());
  expect(isGone(pid)).toBe(false);
  parent.kill('SIGKILL');
  await waitFor(() => isGone(pid));
});

describe('servers of commands that were killed', () => {
  const old = { ...systemClock, now: () => Date.now() + 3_600_000 };
  const warned: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
  const prefix = 'private-';

  test('are ended, and their directories removed; one that is used stays', async () => {
    await using dir = await temporaryDirectory();
    const used = await startEmbeddedRedis({ dir: join(dir.path, `${prefix}used`) });
    const orphan = join(dir.path, `${prefix}orphan`);
    const script = `const {startEmbeddedRedis} = await import('${import.meta.dirname}/embedded.ts');
      console.log((await startEmbeddedRedis({dir: process.argv[1]})).url);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script, orphan], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = await pidOf(String(url).trim());
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await endOrphans(dir.path, prefix, { clock: systemClock, logger });
    expect(isGone(pid)).toBe(false);
    await endOrphans(dir.path, prefix, { clock: old, logger });
    await waitFor(() => isGone(pid));
    expect(await readdir(dir.path)).toEqual([`${prefix}used`]);
    await used.stop();
  });

  test('that left a directory alone start no Redis, and one that goes meanwhile or is a link is no failure', async () => {
    await using dir = await temporaryDirectory();
    const names = Array.from({ length: 20 }, (_, index) => join(dir.path, `${prefix}${index}`));
    for (const name of names) await mkdir(name);
    await mkdir(join(dir.path, 'victim'));
    await writeFile(join(dir.path, 'victim', 'kept'), '');
    await symlink('victim', join(dir.path, `${prefix}link`));
    const path = process.env['PATH'];
    process.env['PATH'] = dir.path;
    try {
      const all = [1, 2].map(() => endOrphans(dir.path, prefix, { clock: old, logger }));
      await Promise.all([...all, ...names.map((name) => rm(name, { recursive: true, force: true }))]);
    } finally {
      process.env['PATH'] = path;
    }
    expect((await readdir(dir.path)).sort()).toEqual([`${prefix}link`, 'victim']);
    expect(await readdir(join(dir.path, 'victim'))).toEqual(['kept']);
  });
});

test('a path too long for a socket gets a short one of its own', async () => {
  await using dir = await temporaryDirectory();
  const long = join(dir.path, 'deep'.repeat(20), 'and-deeper'.repeat(8));
  await mkdir(long, { recursive: true });
  const redis = await startEmbeddedRedis({ dir: long });
  expect(Buffer.byteLength(socketOf(long))).toBeLessThan(104);
  expect(await findEmbeddedRedis(long)).toBe(redis.url);
  expect(await readdir(long)).toContain('appendonlydir');
  await redis.stop();
  await rm(join(socketOf(long), '..'), { recursive: true, force: true });
});

test('a file it cannot read is set aside, not deleted, and it begins anew', async () => {
  await using dir = await temporaryDirectory();
  await mkdir(join(dir.path, 'appendonlydir'));
  await writeFile(join(dir.path, 'appendonlydir', 'appendonly.aof.manifest'), 'not a manifest\n');
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
  const redis = await startEmbeddedRedis({ dir: dir.path, logger });
  expect(warnings).toEqual([expect.stringContaining('set it aside')]);
  const aside = (await readdir(dir.path)).find((name) => name.startsWith('appendonlydir.damaged')) ?? '';
  expect(await readFile(join(dir.path, aside, 'appendonly.aof.manifest'), 'utf8')).toBe('not a manifest\n');
  await redis.stop();
});

test('no redis-server: says how to get one', async () => {
  await using dir = await temporaryDirectory();
  const path = process.env['PATH'];
  process.env['PATH'] = dir.path;
  try {
    await expect(startEmbeddedRedis({ dir: join(dir.path, 'redis') })).rejects.toMatchObject({
      code: 'REDIS_MISSING',
      hint: expect.stringContaining('apt install') as string,
    });
  } finally {
    process.env['PATH'] = path;
  }
});

test('a directory that cannot be made is no riddle', async () => {
  await using dir = await temporaryDirectory();
  await writeFile(join(dir.path, 'file'), '');
  await expect(startEmbeddedRedis({ dir: join(dir.path, 'file', 'redis') })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('file is no directory') as string,
  });
});

test('somebody who is in the way at the short path is not trusted', async () => {
  await using dir = await temporaryDirectory();
  const long = join(dir.path, 'x'.repeat(120));
  const parent = join(socketOf(long), '..');
  await mkdir(parent, { mode: 0o777 });
  await import('node:fs/promises').then(({ chmod }) => chmod(parent, 0o777));
  try {
    await expect(startEmbeddedRedis({ dir: long })).rejects.toMatchObject({ code: 'PERMISSION' });
  } finally {
    await rm(parent, { recursive: true });
  }
});

test('a socket file without a server is no server', async () => {
  await using dir = await temporaryDirectory();
  const redis = await startEmbeddedRedis({ dir: dir.path });
  const pid = await pidOf(redis.url);
  await redis.stop();
  await waitFor(() => isGone(pid));
  await writeFile(join(dir.path, 'redis.sock'), '');
  const again = await startEmbeddedRedis({ dir: dir.path });
  expect(again.adopted).toBe(false);
  await again.stop();
});
