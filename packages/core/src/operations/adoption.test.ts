/** A backup directory as the first-generation Python service left it, made by a real Python. */
import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { displayPath } from '@gofr-backup/model';
import { fakeClock, makeTree, readTree } from '@gofr-backup/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from './backup.ts';
import { list, show } from './list.ts';
import { cat, files } from './contents.ts';
import { prune } from './prune.ts';
import { rebuild } from './rebuild.ts';
import { listingLines } from './listing-lines.ts';
import { scene } from './testing.ts';
import type { Scene } from './testing.ts';
import { verify } from './verify/index.ts';

const FIRST_GENERATION = `
import hashlib, io, json, os, sys, tarfile
from datetime import datetime
root = sys.argv[1]
manifest = {}
def member(tar, name, content):
    info = tarfile.TarInfo(name); info.size = len(content); info.mode = 0o600; info.mtime = 1765000000
    tar.addfile(info, io.BytesIO(content))
def backup(prefix, tier, when, ext, mode, verified, listed=True):
    os.makedirs(f"{root}/{tier}", exist_ok=True)
    name = f"{prefix}_{tier}_{when:%Y%m%d_%H%M%S}{ext}"
    path = f"{root}/{tier}/{name}"
    with tarfile.open(path, mode, format=tarfile.GNU_FORMAT) as tar:
        member(tar, "data/storage/chart.png", b"\\x89PNG" + bytes(200000))
        member(tar, "data/storage/" + "long/" * 60 + "name.json", b"{}")
        member(tar, "data/auth/tokens.json", b"secret")
        member(tar, "logs/app.log", when.isoformat().encode())
    digest = hashlib.sha256(open(path, "rb").read()).hexdigest()
    open(path + ".sha256", "w").write(f"{digest}  {name}\\n")
    if listed:
        manifest[name] = {"filename": name, "filepath": f"/old/mount/{tier}/{name}", "tier": tier,
            "timestamp": when.replace(microsecond=123456).isoformat(), "size_bytes": os.path.getsize(path), "verified": verified}
backup("gofr-plot", "daily", datetime(2025, 12, 12, 2), ".tar.gz", "w:gz", True)
backup("gofr-plot", "daily", datetime(2025, 12, 11, 2), ".tar.bz2", "w:bz2", False)
backup("gofr", "daily", datetime(2025, 12, 10, 2), ".tar.xz", "w:xz", True)
backup("gofr", "daily", datetime(2025, 12, 9, 2), ".tar", "w", True, listed=False)
backup("gofr-plot", "daily", datetime(2025, 10, 1, 2), ".tar.gz", "w:gz", True)
backup("gofr-plot", "weekly", datetime(2025, 12, 7, 2), ".tar.gz", "w:gz", True)
manifest["gofr-plot_daily_20250101_020000.tar.gz"] = dict(manifest["gofr-plot_daily_20251001_020000.tar.gz"], filename="gofr-plot_daily_20250101_020000.tar.gz")
json.dump(manifest, open(f"{root}/manifest.json", "w"), indent=2)
`;
const hasPython = spawnSync('python3', ['-c', 'import tarfile, bz2, lzma']).status === 0;
const clock = fakeClock('2025-12-12T12:00:00Z');

describe.runIf(hasPython)('a directory of the first generation', () => {
  let on: Scene;
  beforeAll(async () => {
    on = await scene(clock);
    const made = spawnSync('python3', ['-', on.backups], { input: FIRST_GENERATION, encoding: 'utf8' });
    expect(made.stderr).toBe('');
  });
  afterAll(() => on[Symbol.asyncDispose]());

  test('is listed, and looking changes nothing', async () => {
    const before = await readTree(on.backups);
    const { backups, summary, adopted } = await list(on.ctx);
    expect(summary).toMatchObject({ total: 6, oldest: '2025-10-01T02:00:00', newest: '2025-12-12T02:00:00' });
    expect(adopted).toBe(6);
    expect(backups[0]).toMatchObject({
      filename: 'gofr-plot_daily_20251212_020000.tar.gz',
      filepath: join(on.backups, 'daily', 'gofr-plot_daily_20251212_020000.tar.gz'),
      timestamp: '2025-12-12T02:00:00',
      created_at: '2025-12-12T02:00:00.000Z',
      status: 'unverified',
      verified: false,
      adopted: true,
      compression: 'gzip',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(new Set(backups.map(({ status }) => status))).toEqual(new Set(['unverified']));
    const text = listingLines(backups, clock.now(), 'UTC');
    expect(text).toContain('DAILY BACKUPS (5):');
    expect(text).toContain('WEEKLY BACKUPS (1):');
    expect(await show(on.ctx, 'latest')).toEqual(backups[0]);
    expect(await readTree(on.backups)).toEqual(before);
  });

  test('can be looked into', async () => {
    const names: string[] = [];
    for await (const entry of files(on.ctx, 'latest', 'data/')) names.push(displayPath(entry.path));
    expect(names.toSorted()).toEqual([
      'data/auth/tokens.json',
      'data/storage/chart.png',
      `data/storage/${'long/'.repeat(60)}name.json`,
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of cat(on.ctx, 'gofr_daily_20251210_020000.tar.xz', 'logs/app.log'))
      chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('2025-12-10T02:00:00');
  });

  test('verifies, and the manifest becomes today’s', async () => {
    const { results } = await verify(on.ctx, { which: 'all' });
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results).toHaveLength(6);
    const manifest = JSON.parse(await readFile(join(on.backups, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ version: 1, project: 'plot' });
    const entries = Object.values<{ status: string }>(manifest.backups);
    expect(entries.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'good'));
  });

  test('is continued by a backup, and pruned by the same policy', async () => {
    await makeTree(on.data, { storage: { a: 'a', b: 'b' }, auth: { c: 'c', d: 'd' } });
    const { backup: made, promoted, pruned } = await backup(on.ctx, { trigger: 'schedule' });
    expect(made.status).toBe('good');
    expect(promoted.map(({ tier }) => tier)).toEqual(['monthly']);
    expect(pruned?.decisions.filter(({ action }) => action === 'remove')).toMatchObject([
      { filename: 'gofr-plot_daily_20251001_020000.tar.gz' },
    ]);
    expect(await readdir(join(on.backups, 'daily'))).not.toContain(
      'gofr-plot_daily_20251001_020000.tar.gz.sha256',
    );
    expect((await prune(on.ctx, { dryRun: true })).decisions.map(({ action }) => action)).not.toContain(
      'remove',
    );
  });

  test('is rebuilt without its manifest', async () => {
    await rm(join(on.backups, 'manifest.json'));
    const { backups } = await rebuild(on.ctx);
    expect(backups).toHaveLength(7);
    expect(backups.every(({ status }) => status === 'unverified')).toBe(true);
  });
});
