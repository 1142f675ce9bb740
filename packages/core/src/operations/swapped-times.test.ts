/** The times of directories after every way in which new data can come into their place, or fail to. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BackupPlan, RestoreRequest } from '@gofr-backup/model';
import { nameBytes } from '@gofr-backup/testing';
import { backup } from './backup.ts';
import { restore } from './restore.ts';
import { contextFor, fill, makeWorld, present, THEN, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;
const ROOTS = ['data/storage', 'data/auth', 'logs'];
let world: World;
let mounted: string[];
let then: Record<string, unknown>;

beforeEach(async () => {
  world = makeWorld();
  mounted = [];
  await fill(world, THEN);
  then = await present(world);
});
afterEach(async () => {
  for (const place of mounted.toReversed()) execFileSync('umount', ['-l', place]);
  await world.dispose();
});

const at = (path: string): string => join(world.base, path);
function mount(place: string, ...args: string[]): void {
  execFileSync('mount', [...args, at(place)]);
  mounted.push(at(place));
}

/** The directory under itself: it is written to, but no directory of the layer below can be renamed. */
function overlay(place: string): void {
  const layers = { upper: at(`upper-${mounted.length}`), work: at(`work-${mounted.length}`) };
  for (const layer of Object.values(layers)) mkdirSync(layer);
  const options = `lowerdir=${at(place)},upperdir=${layers.upper},workdir=${layers.work}`;
  mount(place, '-t', 'overlay', 'overlay', '-o', options);
}

interface Way {
  asRoot?: boolean;
  prepare?(): void;
  plan?: Partial<BackupPlan>;
  request?: Partial<RestoreRequest>;
  /** what is there besides the archive's */
  stays?: string;
}

const WAYS: Record<string, Way> = {
  'by one rename': {},
  'one level down in mount points': {
    asRoot: true,
    prepare: () => ROOTS.forEach((root) => mount(root, '--bind', at(root))),
  },
  'entry by entry on overlayfs': { asRoot: true, prepare: () => ROOTS.forEach(overlay) },
  'after attempts that failed, because another component is on overlayfs': {
    asRoot: true,
    prepare: () => {
      execFileSync('mkfifo', [at('data/storage/group/pipe')]);
      overlay('logs');
    },
    stays: 'data/storage/group/pipe',
  },
  'around an excluded file': {
    prepare: () => writeFileSync(at('data/storage/group/local'), ''),
    plan: { exclude: ['local'] },
    stays: 'data/storage/group/local',
  },
  'laid over by --merge': {
    prepare: () => writeFileSync(at('data/storage/empty/more'), ''),
    request: { merge: true },
    stays: 'data/storage/empty/more',
  },
};

test.for(Object.entries(WAYS).filter(([, way]) => asRoot || !way.asRoot))('%s', async ([, way]) => {
  const ctx = contextFor({ ...world.plan, ...way.plan });
  const made = await backup(ctx, { trigger: 'manual' });
  way.prepare?.();
  writeFileSync(at('data/storage/group/a.metadata.json'), 'changed');
  writeFileSync(at('logs/old/since'), '');
  const request = { backup: made.backup.filename, safetyBackup: false, ...way.request };
  await restore(ctx, request);
  const after = await present(world);
  const isMore = (path: string): boolean =>
    path === way.stays || (way.request?.merge === true && path === 'logs/old/since');
  expect(Object.fromEntries(Object.entries(after).filter(([path]) => !isMore(path)))).toEqual(then);
});

const times = async (): Promise<[string, bigint][]> =>
  Object.keys(await present(world)).map((path) => [path, lstatSync(bytesAt(path), { bigint: true }).mtimeNs]);
const bytesAt = (path: string): Buffer => Buffer.concat([Buffer.from(`${world.base}/`), nameBytes(path)]);

test.runIf(asRoot).for(['extract', 'commit'])(
  'a restore that fails at `%s` in mount points and on overlayfs leaves every time as it was',
  async (where) => {
    const made = await backup(world.ctx, { trigger: 'manual' });
    overlay('data/storage');
    mount('data/auth', '--bind', at('data/auth'));
    writeFileSync(at('data/storage/group/a.metadata.json'), 'changed');
    const before = await times();
    const stop = (step: string): void => {
      if (step === where) throw new Error('stopped');
    };
    const request = { backup: made.backup.filename, safetyBackup: false };
    await expect(restore(world.ctx, request, { step: stop })).rejects.toMatchObject({ why: 'stopped' });
    expect(await times()).toEqual(before);
  },
);
