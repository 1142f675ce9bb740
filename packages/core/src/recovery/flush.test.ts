import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { makeTree, temporaryDirectory } from '@gofr-backup/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backup } from '../operations/backup.ts';
import { restore } from '../operations/restore.ts';
import { fill, makeWorld, NOW, present, THEN } from '../operations/restoring.fixture.ts';
import { flushTree } from './flush.ts';
import { Ground } from './ground/ground.ts';

const { PATH } = process.env;
let ground: Ground;
beforeEach(() => {
  ground = new Ground();
});
afterEach(() => {
  process.env['PATH'] = PATH;
  ground[Symbol.dispose]();
});

/** A `sync` of this text, and its calls in `calls`; without text the machine has none. */
function setSync(directory: string, script?: string): void {
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  process.env['PATH'] = bin;
  if (script === undefined) return;
  const text = `#!/bin/sh\necho "$*" >> ${join(directory, 'calls')}\n${script}\n`;
  writeFileSync(join(bin, 'sync'), text);
  chmodSync(join(bin, 'sync'), 0o755);
}

/** `heard` sees the path of every fsync before it is made, as long as the scope lasts. */
function overhearFsync(heard: (path: string) => void): Disposable {
  const { fsyncSync } = fs;
  const set = (call: typeof fsyncSync) => {
    fs.fsyncSync = call;
    syncBuiltinESMExports();
  };
  set((fd) => {
    heard(fs.readlinkSync(`/proc/self/fd/${fd}`));
    fsyncSync(fd);
  });
  return { [Symbol.dispose]: () => set(fsyncSync) };
}

describe('what the kernel tells once', () => {
  test.each([
    ['IO', 'Input/output error'],
    ['DISK_FULL', 'No space left on device'],
  ])('%s ends a restore before anything is swapped in, and the one sync hears it', async (code, text) => {
    const world = makeWorld();
    try {
      await fill(world, THEN);
      const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
      await fill(world, NOW);
      const now = await present(world);
      // the second who asks hears nothing, as with syncfs(2)
      const first = `[ -e ${world.base}/told ] || { : > ${world.base}/told; echo "sync: ${text}" >&2; exit 1; }`;
      setSync(world.base, first);
      const failing = restore(world.ctx, { backup: filename, safetyBackup: false });
      await expect(failing).rejects.toMatchObject({ code, why: expect.stringContaining(text) });
      expect(await present(world)).toEqual(now);
      const calls = readFileSync(join(world.base, 'calls'), 'utf8').trim().split('\n');
      expect(calls).toEqual(['-f /proc/self/fd/3']);
      expect(readdirSync(world.base).filter((name) => name.startsWith('.'))).toEqual([]);
    } finally {
      await world.dispose();
    }
  });

  test('and so does a sync that was killed', async () => {
    await using place = await temporaryDirectory();
    setSync(place.path, 'kill -9 $$');
    await expect(flushTree(place.path, ground)).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('without a program for it every file and directory is synced by itself', () => {
  const TREE = { file: 'x', deep: { file: 'y' } };
  test.each([
    ['none is installed', undefined],
    ['it has no such option', 'echo "sync: invalid option -- \'f\'" >&2; exit 1'],
  ])('%s', async (_, script) => {
    await using place = await temporaryDirectory();
    await makeTree(join(place.path, 'tree'), TREE);
    setSync(place.path, script);
    const tree = join(place.path, 'tree');
    const synced: string[] = [];
    using _heard = overhearFsync((path) => synced.push(path.slice(tree.length)));
    await flushTree(tree, ground);
    expect(synced.toSorted()).toEqual(['', '/deep', '/deep/file', '/file']);
  });

  test('and a failure of one is told', async () => {
    await using place = await temporaryDirectory();
    await makeTree(place.path, TREE);
    setSync(place.path);
    using _heard = overhearFsync((path) => {
      if (path.endsWith('/deep/file'))
        throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
    });
    await expect(flushTree(place.path, ground)).rejects.toMatchObject({
      code: 'IO',
      why: expect.stringContaining('EIO'),
    });
  });
});

test('a swap syncs every directory that data came from or went to, before it is committed', async () => {
  const world = makeWorld();
  try {
    await fill(world, THEN);
    const { filename } = (await backup(world.ctx, { trigger: 'manual' })).backup;
    await fill(world, NOW);
    let atCommit: string[] = [];
    const request = { backup: filename, safetyBackup: false, only: ['storage'] };
    const synced: string[] = [];
    using _heard = overhearFsync((path) => synced.push(path.slice(world.base.length)));
    const step = (name: string): void => {
      if (name === 'sync') synced.length = 0;
      if (name === 'commit') atCommit = [...synced];
    };
    await restore(world.ctx, request, { step });
    const work = '/data/.gofr-restore-ID';
    expect(atCommit.map((path) => path.replace(/restore-[0-9a-f]{16}/, 'restore-ID')).toSorted()).toEqual([
      '/data',
      `${work}/new/data`,
      `${work}/old`,
    ]);
  } finally {
    await world.dispose();
  }
});

test.skipIf(!existsSync('/proc/self/fd'))('a directory whose name is not UTF-8 is synced, too', async () => {
  await using place = await temporaryDirectory();
  const name = `${place.path}/\xff`;
  execFileSync('sh', ['-c', `mkdir "$(printf '%s/\\377' '${place.path}')"`]);
  await expect(flushTree(name, ground)).resolves.toBeUndefined();
});
