import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StorePlan } from '@gofr-backup/model';
import { DirectoryStore } from '@gofr-backup/store';
import { fakeClock } from '@gofr-backup/testing';
import { Copies, copyStatus, fetchBackup, newKeys } from '../../offsite/index.ts';
import { backup } from '../backup.ts';
import { copy, offsiteOf } from './copy.ts';
import { drillCopy } from './drill-copy.ts';
import { restore } from '../restore.ts';
import { scene } from '../testing.ts';

test('a backup is copied, and comes back from the store alone', async () => {
  const clock = fakeClock();
  await using place = await scene(clock);
  const { ctx, data, backups } = place;
  mkdirSync(join(data, 'storage'), { recursive: true });
  writeFileSync(join(data, 'storage', 'a'), 'content');
  const made = await backup(ctx, { trigger: 'manual' });
  const { operation, recovery } = await newKeys({ project: 'plot', created: '2025-12-13' });
  const plan: StorePlan = {
    ...{ name: 'nas', url: '', credentials: {}, encryption: 'age', sameDevice: true },
    ...{ verifyDays: 30, drillDays: 30 },
    recipients: [operation.recipient, recovery.recipient],
    retention: ctx.plan.retention,
  };
  const store = new DirectoryStore(join(backups, '..', 'nas'));
  const opened = { store, plan, host: 'one' };
  const offsite = await offsiteOf(ctx, opened);
  const copied = await copy(ctx, offsite, made.backup.filename);
  expect(copied).toMatchObject({ filename: made.backup.filename, already: false, packs: 1 });

  for (const identity of [operation.identity, recovery.identity]) {
    const copies = await Copies.open({ ...offsite, cacheDir: '/none', identities: [identity] });
    const found = copies.find('latest');
    expect(found).toMatchObject({ signer: 'own', recipe: { entry: { sha256: made.backup.sha256 } } });
    await copies.fetchArchive(found, join(backups, '..', `${identity.slice(-8)}.tar.gz`));
  }

  const withKey = { ...offsite, identities: [recovery.identity] };
  expect(await drillCopy(ctx, withKey, 'latest')).toMatchObject({ ok: true, files: 1 });
  expect(await copyStatus(offsite)).toMatchObject([{ filename: made.backup.filename, ok: true }]);

  // the host is gone: another directory, another installation, the store and the key
  const fresh = { ...ctx, plan: { ...ctx.plan, backupDir: join(backups, '..', 'fresh') } };
  const copies = await Copies.open({ ...withKey, cacheDir: '/none' });
  expect(await fetchBackup(copies, copies.find('latest'), fresh.plan.backupDir)).toBe(true);
  const target = join(backups, '..', 'restored');
  mkdirSync(target);
  await restore(fresh, { backup: made.backup.filename, to: target });
  expect(readFileSync(join(target, 'data', 'storage', 'a'), 'utf8')).toBe('content');
});
