import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeClock, makeTree } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backup } from '../backup.ts';
import { scene } from '../testing.ts';
import { states } from './states.ts';

test('a folder and a file: how they were, when, and what changed; lost and back again', async () => {
  const clock = fakeClock('2025-12-01T02:00:00Z');
  await using on = await scene(clock);
  const charts = join(on.data, 'storage/charts');
  const names: string[] = [];
  const save = async () => {
    names.unshift((await backup(on.ctx, { trigger: 'manual' })).backup.filename);
    clock.advance(24 * 3_600_000);
  };
  await makeTree(on.data, { storage: { other: 'o' }, auth: { t: 't' } });
  await save();
  await makeTree(on.data, {
    storage: { charts: { a: 'one', b: 'two' }, 'charts-2': { c: 'no part of it' } },
  });
  await save();
  await save();
  await writeFile(join(charts, 'a'), 'changed');
  await writeFile(join(charts, 'n'), 'new');
  await rm(join(charts, 'b'));
  await save();
  await rm(charts, { recursive: true });
  await save();

  const folder = await states(on.ctx, 'data/storage/charts');
  expect(folder).toMatchObject({ kind: 'folder', looked: folder.total });
  expect(folder.states).toEqual([
    { backups: [names[0]], entries: 0, files: 0, bytes: 0, change: { added: 0, changed: 0, removed: 2 } },
    { backups: [names[1]], entries: 3, files: 2, bytes: 10, change: { added: 1, changed: 1, removed: 1 } },
    {
      backups: [names[2], names[3]],
      entries: 3,
      files: 2,
      bytes: 6,
      change: { added: 2, changed: 0, removed: 0 },
    },
  ]);
  const file = await states(on.ctx, join(charts, 'a'));
  expect(file).toMatchObject({ kind: 'file', path: 'data/storage/charts/a' });
  expect(file.states.map(({ backups, bytes }) => [backups.length, bytes])).toEqual([
    [1, 0],
    [1, 7],
    [2, 3],
  ]);
  await expect(states(on.ctx, 'data/storage/chart')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
});
