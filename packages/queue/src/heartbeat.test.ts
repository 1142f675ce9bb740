import { execFileSync } from 'node:child_process';
import { chmod, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '@gofr-backup/model';
import { temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { beatHeart } from './heartbeat.ts';

test('the file is touched again and again, and gone after a stop', async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, 'beat');
  const heart = beatHeart('worker', { path, interval: 10 });
  expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`);
  await utimes(path, 1, 1);
  await waitFor(async () => (await stat(path)).mtimeMs > 1000);
  heart.stop();
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a link in its place is not followed, and told of once', async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, 'beat');
  await writeFile(join(dir.path, 'precious'), 'kept');
  await symlink('precious', path);
  let warnings = 0;
  const logger = { ...silentLogger, warn: () => void warnings++ };
  const heart = beatHeart('worker', { path, interval: 5, logger });
  await new Promise((resolve) => setTimeout(resolve, 40));
  heart.stop();
  expect(await readFile(join(dir.path, 'precious'), 'utf8')).toBe('kept');
  expect(warnings).toBe(1);
});

test('a FIFO in its place is not waited for, and told of', async () => {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, 'beat');
  execFileSync('mkfifo', [path]);
  let warnings = 0;
  beatHeart('worker', { path, logger: { ...silentLogger, warn: () => void warnings++ } }).stop();
  expect(warnings).toBe(1);
});

test('each user has its own in the shared directory', () => {
  const heart = beatHeart('worker');
  heart.stop();
  expect(heart.path).toMatch(new RegExp(`/gofr-backup-worker-${process.geteuid?.()}\\.heartbeat$`));
});

test.runIf(process.geteuid?.() === 0)(
  'what another user put in its place is a warning, and does not fail the end',
  async () => {
    await using dir = await temporaryDirectory();
    await chmod(dir.path, 0o1777);
    const path = join(dir.path, 'beat');
    await writeFile(path, '');
    let warnings = 0;
    const logger = { ...silentLogger, warn: () => void warnings++ };
    process.seteuid?.(1234);
    try {
      beatHeart('worker', { path, logger }).stop();
    } finally {
      process.seteuid?.(0);
    }
    expect(warnings).toBe(1);
  },
);
