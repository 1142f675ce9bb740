/** A directory as the version before left it: good backups, and nothing signed. */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupPlan } from '@gofr-backup/model';
import { fakeClock, makeTree } from '@gofr-backup/testing';
import { beforeEach, expect, test } from 'vitest';
import { backup } from './backup.ts';
import { drill } from './drill.ts';
import { list } from './list.ts';
import { prune } from './prune.ts';
import { rebuild } from './rebuild.ts';
import { scene } from './testing.ts';
import type { Scene } from './testing.ts';
import { verify } from './verify/index.ts';

const DAY = 86_400_000;
const START = Date.parse('2025-12-01T02:00:00Z');
const clock = fakeClock(START);

async function fiveNights(changes: Partial<BackupPlan> = {}): Promise<Scene> {
  const on = await scene(clock, changes);
  await makeTree(on.data, { storage: { a: 'a'.repeat(300_000), b: 'b' }, auth: { c: 'c', d: 'd' } });
  for (let night = 0; night < 5; night++) {
    clock.jump(START + night * DAY);
    await writeFile(join(on.data, 'auth/c'), String(night));
    await backup(on.ctx, { trigger: 'schedule' });
  }
  return on;
}

async function forgetSignatures({ backups }: Scene): Promise<void> {
  const manifest = join(backups, 'manifest.json');
  const { signatures, ...rest } = JSON.parse(await readFile(manifest, 'utf8'));
  expect(signatures).toHaveProperty('gofr-plot');
  await writeFile(manifest, JSON.stringify(rest));
  for (const tier of ['daily', 'weekly', 'monthly'])
    for (const name of await readdir(join(backups, tier))) {
      if (!name.endsWith('.json')) continue;
      const { signature, ...facts } = JSON.parse(await readFile(join(backups, tier, name), 'utf8'));
      expect(signature).toHaveLength(86);
      await writeFile(join(backups, tier, name), JSON.stringify(facts));
    }
  await rm(join(backups, '.gofr-backup/manifest.key'));
}

const archivesIn = async ({ backups }: Scene) =>
  (await readdir(join(backups, 'daily'))).filter((name) => /\.tar(\.gz)?$/.test(name));
const goodOnes = async ({ ctx }: Scene) =>
  (await list(ctx)).backups.filter(({ status }) => status === 'good');

beforeEach(() => clock.jump(START));

test('is listed as adopted, with all it told, and looking changes nothing', async () => {
  await using on = await fiveNights();
  const before = await list(on.ctx);
  expect(before).not.toHaveProperty('adopted');
  await forgetSignatures(on);
  const manifest = await readFile(join(on.backups, 'manifest.json'), 'utf8');
  const after = await list(on.ctx);
  expect(after).toMatchObject({ adopted: after.backups.length, summary: before.summary });
  expect(after.backups.map(({ verified, status }) => [verified, status])).toEqual(
    before.backups.map(() => [false, 'unverified']),
  );
  for (const field of [
    'filename',
    'created_at',
    'files',
    'source_bytes',
    'components',
    'trigger',
    'sha256',
  ] as const)
    expect(after.backups.map((entry) => entry[field])).toEqual(before.backups.map((entry) => entry[field]));
  expect(await readFile(join(on.backups, 'manifest.json'), 'utf8')).toBe(manifest);
});

test('loses nothing by the first runs, however short retention is, until enough newer ones are proved', async () => {
  await using on = await fiveNights();
  await forgetSignatures(on);
  const old = await archivesIn(on);
  clock.advance(60 * DAY);
  // the newest is verified by the first run; the others go once KEEP_LAST newer ones are good, and not before
  for (const kept of [5, 1, 0]) {
    clock.advance(DAY);
    const { pruned } = await backup(on.ctx, { trigger: 'schedule' });
    expect(pruned?.held).toBeUndefined();
    const left = await archivesIn(on);
    expect(old.filter((name) => left.includes(name))).toHaveLength(kept);
  }
});

test('the first run verifies the newest, takes over its frames, and reads no other', async () => {
  await using on = await fiveNights();
  await forgetSignatures(on);
  clock.advance(DAY);
  const { backup: made } = await backup(on.ctx, { trigger: 'schedule' });
  expect(made.reused_bytes).toBeGreaterThan(0);
  const good = (await goodOnes(on)).filter(({ tier }) => tier === 'daily');
  expect(good.map(({ timestamp }) => timestamp.slice(0, 10))).toEqual(['2025-12-06', '2025-12-05']);
  expect(good.map(({ adopted = false }) => adopted)).toEqual([false, true]);
});

test('verify makes good again what it proves, and the scrub begins with what is in doubt', async () => {
  await using on = await fiveNights();
  await forgetSignatures(on);
  await backup(on.ctx, { trigger: 'manual' });
  const doubtful = (await list(on.ctx)).adopted;
  expect(doubtful).toBeGreaterThan(0);
  const { results } = await verify(on.ctx, { which: 'oldest-verified' });
  expect(results).toMatchObject([{ ok: true, filename: expect.stringContaining('20251201') }]);
  expect((await list(on.ctx)).adopted ?? 0).toBeLessThan(doubtful!);
  await verify(on.ctx, { which: 'all' });
  expect(await list(on.ctx)).not.toHaveProperty('adopted');
  expect(await goodOnes(on)).toHaveLength((await list(on.ctx)).summary.total);
  expect(
    (await prune(on.ctx, { dryRun: true })).decisions.filter(({ action }) => action === 'remove'),
  ).toEqual([]);
});

test('a lost manifest costs verdicts, but not the knowledge of what is ours', async () => {
  await using on = await fiveNights();
  await rm(join(on.backups, 'manifest.json'));
  const { backups } = await rebuild(on.ctx);
  expect(backups.filter(({ adopted }) => adopted)).toEqual([]);
  expect(new Set(backups.map(({ status }) => status))).toEqual(new Set(['unverified']));
});

test('a known damage outlives the manifest', async () => {
  await using on = await fiveNights();
  const [name = ''] = await archivesIn(on);
  const path = join(on.backups, 'daily', name);
  const bytes = await readFile(path);
  bytes[100]! ^= 1;
  await writeFile(path, bytes);
  expect((await verify(on.ctx, { names: [name] })).results).toMatchObject([{ ok: false }]);
  await rm(join(on.backups, 'manifest.json'));
  const found = (await list(on.ctx)).backups.find(({ filename }) => filename === name);
  expect(found).toMatchObject({ status: 'corrupt' });
});

test('an archive exchanged together with its sidecars is not the backup that was signed', async () => {
  // uncompressed: all are of one length, and differ in one byte of content
  await using on = await fiveNights({ codec: { name: 'none', level: 6 } });
  const [one = '', other = ''] = (await archivesIn(on)).toReversed();
  const at = (name: string, suffix = '') => join(on.backups, 'daily', name + suffix);
  expect((await stat(at(one))).size).toBe((await stat(at(other))).size);
  for (const suffix of ['', '.idx']) await writeFile(at(one, suffix), await readFile(at(other, suffix)));
  const checksum = (await readFile(at(other, '.sha256'), 'utf8')).replace(other, one);
  await writeFile(at(one, '.sha256'), checksum);
  expect((await verify(on.ctx, { names: [one] })).results).toMatchObject([
    { ok: false, problems: [expect.stringContaining('its signed record says')] },
  ]);
  expect(await drill(on.ctx, { backup: one })).toMatchObject({ ok: false });
});
