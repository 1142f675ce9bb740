import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openIndex } from '@gofr-backup/archive';
import { loadIndex } from '@gofr-backup/archive/testing';
import { fakeClock, makeTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { backup, verifyStep } from '../backup.ts';
import { underLock } from '../context.ts';
import { list, show } from '../list.ts';
import { restore } from '../restore.ts';
import { scene } from '../testing.ts';
import type { Scene } from '../testing.ts';
import { verify } from './verify.ts';

const clock = fakeClock('2025-12-13T02:00:00Z');
const NAME = 'gofr-plot_daily_20251213_020000.tar.gz';
let on: Scene;
let path: string;
let whole: Map<string, Buffer>;

/** One real backup with its copies in all tiers; every test begins with it intact. */
beforeAll(async () => {
  on = await scene(clock);
  await makeTree(on.data, { storage: { a: 'a'.repeat(100_000), b: 'b' }, auth: { c: 'c' } });
  await backup(on.ctx, { trigger: 'manual' });
  path = join(on.backups, 'daily', NAME);
  const paths = [
    path,
    ...['.sha256', '.idx', '.json'].map((suffix) => path + suffix),
    join(on.backups, 'manifest.json'),
  ];
  whole = new Map(await Promise.all(paths.map(async (one) => [one, await readFile(one)] as const)));
});
afterAll(() => on[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const [one, content] of whole) await writeFile(one, content);
});

const flip = async (file: string, at: number) => {
  const handle = await open(file, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  buffer[0] = (buffer[0] ?? 0) ^ 0x10;
  await handle.write(buffer, 0, 1, at);
  await handle.close();
};
const statuses = async () =>
  Object.fromEntries(
    (await list(on.ctx)).backups.map(({ tier, status, verified }) => [tier, `${status} ${verified}`]),
  );
const verifyAll = () => verify(on.ctx, { which: 'all' });

test('a good backup is good, by any of its names, and says when it was read', async () => {
  clock.advance(1000);
  expect(await verify(on.ctx, { names: [NAME] })).toEqual({
    results: [
      { filename: NAME, ok: true, problems: [], files: 3, bytes: 100_002, ms: expect.any(Number) as number },
    ],
  });
  const { backups } = await list(on.ctx);
  expect(backups.map(({ status, verified_at }) => [status, verified_at])).toEqual(
    Array.from({ length: 3 }, () => ['good', new Date(clock.now()).toISOString()]),
  );
});

test('a flipped bit anywhere in the archive is found, and marks every name of its bytes', async () => {
  const size = (await stat(path)).size;
  for (const part of [0.001, 0.5, 0.999]) {
    await flip(path, Math.floor(size * part));
    expect((await verify(on.ctx, { which: 'latest' })).results).toMatchObject([{ ok: false }]);
    expect(await statuses()).toEqual({
      daily: 'corrupt false',
      weekly: 'corrupt false',
      monthly: 'corrupt false',
    });
    await writeFile(path, whole.get(path) ?? '');
    expect((await verifyAll()).results.map(({ ok }) => ok)).toEqual([true, true, true]);
  }
});

test('what is lost is kept by name with the record, until the backup is whole again', async () => {
  const { size } = await stat(path);
  for (const part of [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]) await flip(path, Math.floor(size * part));
  await verify(on.ctx, { names: [NAME] });
  const damage = async () =>
    ((await show(on.ctx, NAME)).warnings ?? []).filter(({ code }) => code === 'damaged');
  const [first, ...lost] = await damage();
  expect(first).toEqual({ code: 'damaged', message: `${3 - lost.length} of 3 files can be read` });
  expect(lost).toEqual(
    expect.arrayContaining([
      { code: 'damaged', path: expect.stringMatching(/^data\//), message: 'its content is damaged' },
    ]),
  );
  await expect(restore(on.ctx, { backup: NAME })).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
  expect(await damage()).toEqual([first, ...lost]);
  await writeFile(path, whole.get(path) ?? '');
  await verifyAll();
  expect(await damage()).toEqual([]);
});

test('a truncated archive is found', async () => {
  await writeFile(path, (whole.get(path) ?? Buffer.alloc(0)).subarray(0, -1));
  const { results } = await verify(on.ctx, { names: [NAME] });
  expect(results).toMatchObject([{ ok: false }]);
  await writeFile(path, '');
  expect((await verify(on.ctx, { names: [NAME] })).results).toMatchObject([{ ok: false }]);
  await writeFile(path, whole.get(path) ?? '');
  await verifyAll();
});

describe('beside an intact archive', () => {
  test('an empty checksum file, as a full disk leaves it, is written anew', async () => {
    await writeFile(`${path}.sha256`, '');
    expect((await verifyAll()).results.every(({ ok }) => ok)).toBe(true);
    expect(await readFile(`${path}.sha256`, 'utf8')).toMatch(/^[0-9a-f]{64} {2}gofr-plot_/);
  });

  test('a wrong or unreadable checksum file is damage of that name only', async () => {
    for (const content of [`${'0'.repeat(64)}  ${NAME}\n`, 'nonsense']) {
      await writeFile(`${path}.sha256`, content);
      const { results } = await verifyAll();
      expect(results.filter(({ ok }) => !ok)).toMatchObject([
        { filename: NAME, problems: [expect.stringContaining('.sha256')] },
      ]);
      expect(await statuses()).toMatchObject({ daily: 'corrupt false', weekly: 'good true' });
    }
  });

  test('a missing checksum file is written again', async () => {
    await rm(`${path}.sha256`);
    expect((await verify(on.ctx, { names: [NAME] })).results).toMatchObject([{ ok: true }]);
    expect(await readFile(`${path}.sha256`)).toEqual(whole.get(`${path}.sha256`));
  });

  test('a lost or damaged index is no damage', async () => {
    await rm(`${path}.idx`);
    expect((await verify(on.ctx, { names: [NAME] })).results).toMatchObject([{ ok: true }]);
    expect((await stat(`${path}.idx`)).size).toBeGreaterThan(0);
    await writeFile(`${path}.idx`, whole.get(`${path}.idx`) ?? '');
    await flip(`${path}.idx`, Math.floor((whole.get(`${path}.idx`) ?? '').length / 2));
    expect((await verify(on.ctx, { names: [NAME] })).results).toMatchObject([{ ok: true }]);
    await loadIndex(`${path}.idx`);
  });

  test('an index of a newer program is told of, not used and never written over', async () => {
    const newer = Buffer.from(whole.get(`${path}.idx`) ?? '');
    newer.write('gofridx3');
    await writeFile(`${path}.idx`, newer);
    const said: unknown[] = [];
    const logger = { ...on.ctx.logger, warn: (_: object, message: string) => void said.push(message) };
    const { results } = await verify({ ...on.ctx, logger }, { names: [NAME] });
    expect(results).toMatchObject([{ ok: true, problems: [] }]);
    expect(said).toContainEqual(expect.stringContaining('another version'));
    expect((await readFile(`${path}.idx`)).equals(newer)).toBe(true);
    await expect(openIndex(`${path}.idx`)).rejects.toMatchObject({
      why: expect.stringContaining('version 3'),
    });
    await writeFile(`${path}.idx`, whole.get(`${path}.idx`) ?? '');
  });

  test('a wrong checksum in the manifest is corrected', async () => {
    const manifest = join(on.backups, 'manifest.json');
    const { sha256 = '' } = (await list(on.ctx)).backups[0] ?? {};
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replaceAll(sha256, 'f'.repeat(64)));
    expect((await verifyAll()).results.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect((await list(on.ctx)).backups.map((entry) => entry.sha256)).toEqual([sha256, sha256, sha256]);
  });
});

test('an incomplete backup stays incomplete however well it reads', async () => {
  await underLock(on.ctx, 'test', (repository) => repository.update(NAME, { status: 'incomplete' }));
  await verify(on.ctx, { names: [NAME] });
  expect(await statuses()).toMatchObject({ daily: 'incomplete true', weekly: 'good true' });
});

test('the scrub reads what was longest unread, enough of it for a month, and not what is known to be corrupt', async () => {
  const daily = join(on.backups, 'daily');
  const names = Array.from(
    { length: 30 },
    (_, day) => `gofr-plot_daily_202511${String(day + 1).padStart(2, '0')}_020000.tar.gz`,
  );
  for (const name of names) await copyFile(path, join(daily, name));
  const first = await verify(on.ctx, { which: 'oldest-verified' });
  expect(first.results.map(({ filename, ok }) => [filename, ok])).toEqual(
    names.slice(0, 2).map((name) => [name, true]),
  );
  const second = await verify(on.ctx, { which: 'oldest-verified' });
  expect(second.results.map(({ filename }) => filename)).toEqual(names.slice(2, 4));
  const corrupt = { status: 'corrupt', verified_at: new Date(clock.now()).toISOString() } as const;
  await underLock(on.ctx, 'test', (repository) => repository.update(names[4] ?? '', corrupt));
  const third = await verify(on.ctx, { which: 'oldest-verified' });
  expect(third.results.map(({ filename }) => filename)).toEqual(names.slice(5, 7));
  const wrongClock = { verified_at: '2099-01-01T00:00:00.000Z' };
  await underLock(on.ctx, 'test', (repository) => repository.update(names[9] ?? '', wrongClock));
  const fourth = await verify(on.ctx, { which: 'oldest-verified' });
  expect(fourth.results.map(({ filename }) => filename)).toEqual([names[7], names[8]]);
  const fifth = await verify(on.ctx, { which: 'oldest-verified' });
  expect(fifth.results.map(({ filename }) => filename)).toEqual([names[9], names[10]]);
  for (const name of names) await rm(join(daily, name));
});

test('an unknown name is an error, and a verification that was cancelled condemns nothing', async () => {
  const unknown = verify(on.ctx, { names: [NAME.replace('2025', '1999')] });
  await expect(unknown).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP' });
  const before = await statuses();
  const cancelled = { ...on.ctx, signal: AbortSignal.abort() };
  await expect(verify(cancelled, { names: [NAME] })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await statuses()).toEqual(before);
});

test('an archive that cannot be read is no damaged one: the error is the reader’s, and condemns nothing', async () => {
  const before = await statuses();
  const asRoot = process.getuid?.() === 0;
  const TWIN = NAME.replace('2025', '2024');
  const twin = join(dirname(path), TWIN);
  await copyFile(path, twin);
  for (const one of [path, twin]) await chmod(one, 0);
  if (asRoot) {
    execFileSync('chown', ['-R', '1000:1000', dirname(on.backups)]);
    process.seteuid?.(1000);
  }
  try {
    await expect(verify(on.ctx, { names: [NAME] })).rejects.toMatchObject({ code: 'PERMISSION' });
    await expect(verify(on.ctx, { names: [NAME, TWIN] })).rejects.toMatchObject({
      code: 'PERMISSION',
      message: 'None of 2 archives could be read',
      why: expect.stringMatching(new RegExp(`${NAME}.*${TWIN}`)),
    });
    await expect(verifyStep(on.ctx, NAME)).resolves.toMatchObject({ status: 'good' });
    await underLock(on.ctx, 'test', (repository) => repository.update(NAME, { status: 'unverified' }));
    await expect(verifyStep(on.ctx, NAME)).rejects.toMatchObject({ code: 'PERMISSION' });
    await expect(restore(on.ctx, { backup: NAME })).rejects.toMatchObject({ code: 'PERMISSION' });
  } finally {
    if (asRoot) process.seteuid?.(0);
    await chmod(path, 0o644);
    await rm(twin);
  }
  expect(await statuses()).toEqual({ ...before, daily: 'unverified true' });
});

test('an index that cannot be written anew does not keep a whole archive from being good', async () => {
  await rm(`${path}.idx`);
  await mkdir(`${path}.idx`);
  expect((await verify(on.ctx, { names: [NAME] })).results).toMatchObject([{ ok: true }]);
  expect(await statuses()).toMatchObject({ daily: 'good true' });
  await rm(`${path}.idx`, { recursive: true });
});
