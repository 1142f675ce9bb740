import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRepository } from '@gofr-backup/core';
import { silentLogger } from '@gofr-backup/model';
import { fakeClock } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backupAt } from '../visitor.fixture.ts';
import { cachedCatalogue } from './catalogue.ts';

/** The real repository, counted; `pause` makes it as slow as a big directory. */
async function counted(pause = 0) {
  const backupDir = await mkdtemp(join(tmpdir(), 'gofr-catalogue-'));
  await mkdir(join(backupDir, 'daily'));
  const clock = fakeClock(new Date(Date.now() + 3600_000)); // long after every time stamp in the directory
  const options = {
    backupDir,
    project: 'plot',
    prefix: 'gofr-plot',
    timezone: 'UTC',
    clock,
    logger: silentLogger,
  };
  const repository = await openRepository(options);
  let reads = 0;
  const catalogue = async () => {
    reads++;
    const entries = await repository.catalogue();
    clock.advance(pause);
    return entries;
  };
  const add = (at: string) => writeFile(join(backupDir, 'daily', backupAt(at).filename), '');
  return {
    clock,
    add,
    backupDir,
    cache: cachedCatalogue({ backupDir, catalogue }, clock),
    reads: () => reads,
  };
}

test('a directory in which nothing changes is read once, however many ask, and at the latest after a minute', async () => {
  const { cache, reads, clock, add } = await counted();
  await add('2025-12-13T02:00:00Z');
  await Promise.all(Array.from({ length: 20 }, () => cache.read()));
  for (let i = 0; i < 20; i++) await cache.read();
  expect(reads()).toBe(1);
  clock.advance(61_000);
  await cache.read();
  expect(reads()).toBe(2);
});

test('a backup that comes or goes is seen at once', async () => {
  const { cache, add, backupDir } = await counted();
  await add('2025-12-13T02:00:00Z');
  expect(await cache.read()).toHaveLength(1);
  const before = cache.version();
  await add('2025-12-13T03:00:00Z');
  expect(await cache.read()).toHaveLength(2);
  await rm(join(backupDir, 'daily'), { recursive: true });
  expect(await cache.read()).toHaveLength(0);
  expect(cache.version()).toBeGreaterThan(before);
});

test('a change right before the reading is looked at again: it may share its time stamp with another', async () => {
  const { cache, reads, clock } = await counted();
  clock.jump(Date.now());
  await cache.read();
  await cache.read();
  expect(reads()).toBe(2);
});

test('a slow directory answers with what was known, and reads behind it', async () => {
  const { cache, reads, add } = await counted(500);
  await add('2025-12-13T02:00:00Z');
  expect(await cache.read()).toHaveLength(1);
  await add('2025-12-13T03:00:00Z');
  expect(await cache.read()).toHaveLength(1);
  expect(await cache.current()).toHaveLength(2);
  await add('2025-12-13T04:00:00Z');
  expect(await cache.read()).toHaveLength(2);
  await expect.poll(async () => (await cache.read()).length).toBe(3);
  expect(reads()).toBe(3);
});
