/** File systems that are really full, or read-only: a small tmpfs, where this process may mount one. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeClock, makeTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from './backup.ts';
import { list } from './list.ts';
import { prune } from './prune.ts';
import { contextOf, planOf } from './testing.ts';
import { verify } from './verify/index.ts';

const root = await mkdtemp(join(tmpdir(), 'gofr-full-'));
const backups = join(root, 'backups');
await mkdir(backups);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', backups]).status === 0;

describe.runIf(mounted)('on a small file system (needs the right to mount)', () => {
  const clock = fakeClock('2025-12-13T02:00:00Z');
  const data = join(root, 'data');
  const ctx = contextOf(planOf(data, backups), clock);

  beforeAll(() => makeTree(data, { storage: { noise: randomBytes(600_000) }, auth: {} }));
  afterAll(async () => {
    spawnSync('umount', [backups]);
    await rm(root, { recursive: true, force: true });
  });

  test('the partial archive is removed, and the older backup stays good', async () => {
    await backup(ctx, { trigger: 'manual' });
    await writeFile(join(data, 'storage', 'more'), randomBytes(4_000_000));
    clock.advance(3_600_000);
    await expect(backup(ctx, { trigger: 'manual' })).rejects.toMatchObject({ code: 'DISK_FULL', exit: 74 });
    expect((await list(ctx, { tier: 'daily' })).backups).toMatchObject([{ status: 'good' }]);
    expect((await readdir(join(backups, 'daily'))).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    expect((await verify(ctx, { which: 'all' })).results.every(({ ok }) => ok)).toBe(true);
  });

  test('without one free byte pruning and verifying still work', async () => {
    spawnSync('sh', ['-c', `head -c 10m /dev/zero > '${join(backups, 'filler')}'`]);
    await expect(prune(ctx, { dryRun: false })).resolves.toMatchObject({ dry_run: false });
    expect((await verify(ctx, { which: 'latest' })).results).toMatchObject([{ ok: true }]);
    await expect(backup(ctx, { trigger: 'manual' })).rejects.toMatchObject({ code: 'DISK_FULL' });
    await rm(join(backups, 'filler'));
    await rm(join(data, 'storage', 'more'));
    expect((await backup(ctx, { trigger: 'manual' })).backup.status).toBe('good');
  });

  test('mounted read-only it can be listed and verified, without a lock; a backup says why it cannot', async () => {
    await rm(join(backups, 'daily', `${(await list(ctx)).backups[0]?.filename}.sha256`), { force: true });
    spawnSync('mount', ['-o', 'remount,ro', backups]);
    const before = await list(ctx);
    expect(before.backups.length).toBeGreaterThan(1);
    expect((await verify(ctx, { which: 'all' })).results.every(({ ok }) => ok)).toBe(true);
    await expect(backup(ctx, { trigger: 'manual' })).rejects.toMatchObject({ code: 'IO', exit: 74 });
    expect(await list(ctx)).toEqual(before);
  });
});
test.skipIf(mounted)('a full disk is not tested here: no right to mount', () => expect(mounted).toBe(false));
