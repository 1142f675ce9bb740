/**
 * A process for scaling.test.ts: carries out one operation on a backup directory with so many backups, and prints how
 * often each call of the file system was made. Counts are the same on every machine, times are not.
 */
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fakeClock, makeTree } from '@gofr-backup/testing';

const [operation = '', count = '1', kind = 'distinct'] = process.argv.slice(2);
const calls: Record<string, number> = {};
const add = (name: string): void => void (calls[name] = (calls[name] ?? 0) + 1);
const patched = promises as unknown as Record<string, (...call: unknown[]) => Promise<unknown>>;
for (const [name, original] of Object.entries(patched)) {
  if (typeof original !== 'function') continue;
  patched[name] = (...call) => {
    add(name);
    const last = basename(String(call.at(-1)));
    if (name === 'readdir' && ['daily', 'weekly', 'monthly'].includes(basename(String(call[0]))))
      add('tier folder listed');
    if (name === 'link' && /^lock\.\d+$/.test(last)) add('lock taken');
    if (name === 'rename' && last === 'manifest.json') add('manifest written');
    return original(...call);
  };
}
syncBuiltinESMExports();

const { scene } = await import('./testing.ts');
const { backup } = await import('./backup.ts');
const { prune } = await import('./prune.ts');
const { verify } = await import('./verify/index.ts');
const { underLock } = await import('./context.ts');

const { describeRestore } = await import('./describe-restore.ts');
const { restore } = await import('./restore.ts');
const { drill } = await import('./drill.ts');
const { files } = await import('./contents.ts');
const { IndexedSource, NewIndex, SafetyCheck, StreamSource } = await import('@gofr-backup/archive/testing');
/** Adds to `name` whenever the method is called. */
function counted(name: string, of: object, method: string): void {
  const methods = of as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[method]!;
  methods[method] = function (...args) {
    add(name);
    return original.apply(this, args);
  };
}
counted('entry checked', SafetyCheck.prototype, 'admit');
for (const source of [IndexedSource, StreamSource]) counted('entries read', source.prototype, 'entries');
for (const method of ['readAll', 'writerTo']) counted('archive decoded', IndexedSource.prototype, method);
counted('archive decoded', StreamSource.prototype, 'read');
counted('archive decoded', NewIndex, 'make');

const DAY = 86_400_000;
const NOW = Date.parse('2025-12-13T02:00:00Z');
const clock = fakeClock(NOW);
await using on = await scene(clock, { linkUnchanged: true });
await makeTree(on.data, { storage: { a: 'a' } });
await backup(on.ctx, { trigger: 'manual' });
await multiply();
clock.advance(DAY);
for (const name of Object.keys(calls)) delete calls[name];
const keeping = (retentionDays: number) =>
  on.with({ retention: { ...on.ctx.plan.retention, retentionDays, maxCount: 10_000 } });
if (operation === 'backup') await backup(keeping(10_000), { trigger: 'manual' });
if (operation === 'verify') await verify(on.ctx, { which: 'all' });
if (['describe', 'restore', 'drill'].includes(operation)) await bringBack();
if (operation === 'prune') await prune(keeping(Number(count) / 2), { dryRun: false });
process.stdout.write(JSON.stringify(calls));

async function bringBack(): Promise<void> {
  const [newest] = await promises.readdir(join(on.backups, 'daily'));
  const backup = newest?.replace(/\.tar\.gz.*$/, '.tar.gz') ?? '';
  let entries = 0;
  for await (const _ of files(on.ctx, backup)) entries++;
  if (kind === 'unindexed') await promises.rm(join(on.backups, 'daily', `${backup}.idx`));
  if (kind === 'foreign') await forget(backup);
  for (const name of Object.keys(calls)) delete calls[name];
  if (operation === 'describe') await describeRestore(on.ctx, { backup });
  else if (operation === 'drill') await drill(on.ctx, { backup });
  else await restore(on.ctx, { backup, safetyBackup: false });
  calls['entries'] = entries;
}

/** What another program would have left: the archive alone, in one piece. */
async function forget(backup: string): Promise<void> {
  const path = join(on.backups, 'daily', backup);
  const tar = gunzipSync(await promises.readFile(path));
  for (const name of await promises.readdir(join(on.backups, 'daily')))
    await promises.rm(join(on.backups, 'daily', name));
  await promises.rm(join(on.backups, 'manifest.json'));
  await promises.writeFile(path, gzipSync(tar));
}

/** Good backups of the days before, as runs leave them: each a file of its own, or all of them names of one file. */
async function multiply(): Promise<void> {
  await underLock(on.ctx, 'test', async (repository) => {
    const [model] = await repository.catalogue();
    if (model === undefined) throw new Error('no backup');
    for (let age = 1; age < Number(count); age++) {
      const made = { tier: 'daily', at: NOW - age * DAY, compression: 'gzip' } as const;
      const reservation = await repository.reserve(made);
      const from = join(on.backups, model.tier, model.filename);
      if (kind === 'shared') await promises.link(from, reservation.archivePath);
      else await promises.copyFile(from, reservation.archivePath);
      await promises.copyFile(`${from}.idx`, reservation.indexPath);
      const { filename: _n, filepath: _p, tier: _t, timestamp: _s, created_at: _c, ...facts } = model;
      await repository.commit(reservation, { ...facts, sha256: facts.sha256 ?? '' });
    }
  });
}
