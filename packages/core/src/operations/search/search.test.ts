/** Over the backups of a tree that changes at random: what find, history and diff say is held against the archives. */
import { mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KnownEntry } from '@gofr-backup/archive';
import { type ArchiveEntry, type BytePath, displayPath } from '@gofr-backup/model';
import { fakeClock, makeTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../backup.ts';
import { files } from '../contents.ts';
import { scene, type Scene } from '../testing.ts';
import { diff } from './diff.ts';
import { find } from './find.ts';
import { history } from './history.ts';

const STEPS = 6;
const BIG = 3 * 1024 * 1024;
const clock = fakeClock('2025-12-01T02:00:00Z');
let on: Scene;
/** file names, oldest first */
const names: string[] = [];

let seed = 20251213;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return seed % below;
};

beforeAll(async () => {
  on = await scene(clock);
  const many = Object.fromEntries(
    Array.from({ length: 700 }, (_, n) => [`chart-${n}.png`, `${n}`.repeat(40)]),
  );
  await makeTree(on.data, {
    storage: {
      many,
      'caf\udce9.txt': 'latin1',
      'a(1) [x].png': 'odd',
      '.hidden': 'dot',
      big: Buffer.alloc(BIG, 'b'),
    },
    auth: { 'tokens.json': 't' },
  });
  for (let step = 0; step < STEPS; step++) {
    if (step > 0) await change(step);
    names.push((await backup(on.ctx, { trigger: 'manual' })).backup.filename);
    clock.advance(24 * 3_600_000);
  }
});
afterAll(() => on[Symbol.asyncDispose]());

async function change(step: number): Promise<void> {
  const at = (path: string) => join(on.data, path);
  for (let n = 0; n < 12; n++)
    await writeFile(at(`storage/many/chart-${random(700)}.png`), `step ${step} ${n}`);
  for (let n = 0; n < 3; n++) await rm(at(`storage/many/chart-${random(700)}.png`), { force: true });
  const path = at(`storage/deep/${step % 3}/new.svg`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `<svg ${step % 2}/>`);
  await rm(at('storage/link'), { force: true });
  if (step % 2 === 1) await symlink(`many/chart-${step}.png`, at('storage/link'));
  // the same size and time, another content: what only the slices tell
  await writeFile(at('storage/big'), Buffer.alloc(BIG, step < 3 ? 'b' : 'c'));
  await utimes(at('storage/big'), 1_700_000_000, 1_700_000_000);
}

const listing = async (name: string): Promise<Map<BytePath, ArchiveEntry>> => {
  const entries = new Map<BytePath, ArchiveEntry>();
  for await (const entry of files(on.ctx, name)) entries.set(entry.path, entry);
  return entries;
};

/** What `files` prints of an entry. */
const facts = ({ content: _, hash: __, sparse: ___, ...entry }: KnownEntry): object => ({ ...entry });
const asListed = (entries: Map<BytePath, ArchiveEntry>): object =>
  Object.fromEntries([...entries].map(([path, entry]) => [path, facts(entry)]));

async function expectDiffs(): Promise<void> {
  for (const from of names)
    for (const to of names) {
      const { added, removed, changed } = await diff(on.ctx, from, to);
      const applied = await listing(from);
      for (const { path } of removed) expect(applied.delete(path), displayPath(path)).toBe(true);
      for (const entry of added) {
        expect(applied.has(entry.path)).toBe(false);
        applied.set(entry.path, entry);
      }
      for (const { before, after } of changed) {
        expect(facts(applied.get(after.path)!)).toEqual(facts(before));
        applied.set(after.path, after);
      }
      expect(asListed(applied)).toEqual(asListed(await listing(to)));
      if (from === to) expect([added, removed, changed]).toEqual([[], [], []]);
    }
}

test('a diff applied to the one listing is the other', expectDiffs);

test('a content that only its slices tell from the one before is a change', async () => {
  const { changed } = await diff(on.ctx, names[1]!, names.at(-1)!);
  expect(changed.find(({ after }) => after.path === 'data/storage/big')?.what).toEqual(['content']);
});

test('find tells of each path the newest backup alone, and no more paths than asked for', async () => {
  const all = await find(on.ctx, '*');
  const newest = new Map(all.matches.toReversed().map(({ path, filename }) => [path, filename]));
  const { matches } = await find(on.ctx, '*', { paths: 100_000 });
  expect(new Map(matches.map(({ path, filename }) => [path, filename]))).toEqual(newest);
  expect(matches).toHaveLength(newest.size);
  expect((await find(on.ctx, '*', { paths: 3 })).matches).toEqual(matches.slice(0, 3));
});

test('find finds every name of every backup, and history puts the same ones together', async () => {
  const { matches, backups } = await find(on.ctx, '*');
  const all = await find(on.ctx, '/data/**');
  expect(all.matches.length).toBeGreaterThan(700 * STEPS);
  expect(matches.length).toBeGreaterThanOrEqual(all.matches.length);
  expect(backups).toBeGreaterThanOrEqual(STEPS);
  const byBackup = Map.groupBy(matches, ({ filename }) => filename);
  for (const name of names) {
    const expected = [...(await listing(name)).values()].map(({ path, size }) => [displayPath(path), size]);
    expect(byBackup.get(name)!.map(({ path, size }) => [path, size])).toEqual(expected);
  }
  const order = [...byBackup.keys()];
  const paths = Map.groupBy(matches, ({ path }) => path);
  const sample = [...paths.keys()].filter((path, n) => n % 40 === 0 || !path.includes('many'));
  for (const path of sample) {
    const { versions, gone } = await history(on.ctx, path);
    const holders = paths.get(path)!.map(({ filename }) => filename);
    expect(gone).toBe(holders[0] !== order[0]);
    const told = versions.flatMap(({ first, last, backups: count }) => {
      const run = order.slice(order.indexOf(last), order.indexOf(first) + 1);
      expect(run).toHaveLength(count);
      return run;
    });
    expect(told).toEqual(holders);
    for (const { sha256, first, last } of versions)
      for (const end of [first, last])
        expect(paths.get(path)!.find(({ filename }) => filename === end)!.sha256).toBe(sha256);
  }
  const { versions } = await history(on.ctx, 'data/storage/deep/1/new.svg');
  expect(versions[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
});

describe('a pattern', () => {
  const found = async (pattern: string, options = {}): Promise<string[]> => [
    ...new Set((await find(on.ctx, pattern, options)).matches.map(({ path }) => path)),
  ];
  test.each([
    [
      'new.svg',
      ['data/storage/deep/1/new.svg', 'data/storage/deep/2/new.svg', 'data/storage/deep/0/new.svg'],
    ],
    ['2/new.*', ['data/storage/deep/2/new.svg']],
    ['/data/storage/deep/2/*', ['data/storage/deep/2/new.svg']],
    ['data/storage/{big,.hid*}', ['data/storage/.hidden', 'data/storage/big']],
    [String.raw`caf\xe9.txt`, [String.raw`data/storage/caf\xe9.txt`]],
    [String.raw`caf[\xe8-\xea].*`, [String.raw`data/storage/caf\xe9.txt`]],
    ['caf*', [String.raw`data/storage/caf\xe9.txt`]],
    ['a(1) [x].png', ['data/storage/a(1) [x].png']],
    ['a(1)*', ['data/storage/a(1) [x].png']],
    ['*.hidden', ['data/storage/.hidden']],
    ['storage', ['data/storage']],
  ])('%s', async (pattern, paths) => {
    expect((await found(pattern)).toSorted()).toEqual(paths.toSorted());
  });

  test('below a component is found by its place on the disk, and history too', async () => {
    const place = join(on.data, 'storage/deep/2/new.svg');
    expect(await found(place)).toEqual(['data/storage/deep/2/new.svg']);
    expect((await history(on.ctx, place)).path).toBe('data/storage/deep/2/new.svg');
  });

  test('takes capitals as they are, unless asked', async () => {
    await expect(find(on.ctx, 'NEW.svg')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    expect(await found('NEW.svg', { ignoreCase: true })).toHaveLength(3);
  });

  test('that matches nothing, or names nothing, is an error', async () => {
    await expect(find(on.ctx, '*.nope')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    await expect(history(on.ctx, 'data/storage/nope')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
    await expect(find(on.ctx, '/')).rejects.toMatchObject({ code: 'USAGE' });
  });
});

test('without indexes, and with the index of another archive, the answers are the same', async () => {
  const asked = async () => ({
    find: await find(on.ctx, '*.svg'),
    history: await history(on.ctx, 'data/storage/deep/1/new.svg'),
  });
  const before = await asked();
  const daily = (name: string) => join(on.backups, 'daily', `${name}.idx`);
  await rm(daily(names[1]!));
  await writeFile(daily(names[3]!), 'no index');
  const warned: object[] = [];
  const ctx = { ...on.ctx, logger: { ...on.ctx.logger, warn: (fields: object) => void warned.push(fields) } };
  expect(await find(ctx, '*.svg')).toEqual(before.find);
  expect(warned).toMatchObject([{ backup: names[3] }, { backup: names[1] }]);
  expect(await asked()).toEqual(before);
  await expectDiffs();
});
