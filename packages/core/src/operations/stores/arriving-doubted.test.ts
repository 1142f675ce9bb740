/** A copy without encryption that is restored while it comes, when its packs, its index or the target are not what they should be. */
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProgressEvent, RestoreOutcome, RestoreRequest, StorePlan } from '@gofr-backup/model';
import { DirectoryStore, StoreError } from '@gofr-backup/store';
import { fakeClock } from '@gofr-backup/testing';
import { type ArrivingArchive, beginFetch, Copies, type Offsite } from '../../offsite/index.ts';
import { backup } from '../backup.ts';
import { describeRestore } from '../describe-restore.ts';
import { restore, type RestoreHow } from '../restore.ts';
import { scene } from '../testing.ts';
import { copy, offsiteOf } from './copy.ts';

const MB = 1 << 20;
let on: Awaited<ReturnType<typeof scene>>;
let offsite: Offsite;
let storeDir: string;
let name: string;
let out: string;

beforeEach(async () => {
  on = await scene(fakeClock());
  // archives of equal lengths
  on.ctx = { ...on.ctx, plan: { ...on.ctx.plan, codec: { name: 'none', level: 0 } } };
  mkdirSync(join(on.data, 'storage'), { recursive: true });
  for (const file of ['0', '1', '2']) writeFileSync(join(on.data, 'storage', file), randomBytes(MB));
  writeFileSync(join(on.data, 'storage', 'big'), randomBytes(3 * MB));
  symlinkSync('one', join(on.data, 'storage', 'link'));
  name = await backUp();
  storeDir = join(on.backups, '..', 'nas');
  const plan: StorePlan = {
    ...{ name: 'nas', url: '', credentials: {}, encryption: 'none', recipients: [] },
    ...{ sameDevice: true, verifyDays: 30, drillDays: 30, retention: on.ctx.plan.retention },
  };
  const opened = await offsiteOf(on.ctx, { store: new DirectoryStore(storeDir), plan, host: 'one' });
  offsite = { ...opened, packContent: 2 * MB };
  await copy(on.ctx, offsite, name);
  out = join(mkdtempSync(join(on.backups, '..', 'round-')), 'out');
});
afterEach(() => on[Symbol.asyncDispose]());

const backUp = async (): Promise<string> => (await backup(on.ctx, { trigger: 'manual' })).backup.filename;

/** `spoil`: is told the path of the archive. */
async function restored(
  { spoil = () => {}, ...how }: RestoreHow & { spoil?: (archive: string) => void } = {},
  request: Partial<RestoreRequest> = {},
): Promise<RestoreOutcome> {
  const copies = await Copies.open({ ...offsite, cacheDir: '/none' });
  const backupDir = mkdtempSync(join(out, '..', 'fetched-'));
  const { keyDir: _, ...plan } = on.ctx.plan;
  await using arriving = await beginFetch(copies, copies.find('latest'), backupDir);
  spoil(join(backupDir, 'daily', name));
  const ctx = { ...on.ctx, plan: { ...plan, backupDir } };
  return await restore(ctx, { backup: name, to: out, ...request }, { ...how, arriving: arriving! });
}

test('damage that nothing seals names the pack, whichever file it is in', async () => {
  const objects = readdirSync(storeDir, { recursive: true, encoding: 'utf8' });
  const pack = join(
    storeDir,
    objects.find((object) => object.endsWith('.pack'))!,
  );
  const bytes = readFileSync(pack);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(pack, bytes);
  await expect(restored()).rejects.toMatchObject({
    code: 'ARCHIVE_DAMAGED',
    message: expect.stringContaining(/([0-9a-f]{64})/.exec(pack)![1]!),
  });
});

test('damage at the very beginning does so before anybody is asked', async () => {
  const copies = await Copies.open({ ...offsite, cacheDir: '/none' });
  const found = copies.find('latest');
  const { pack, offset } = found.recipe.extents.at(0);
  const { sha256 } = found.recipe.packs[pack]!;
  const path = join(storeDir, 'plot/packs', sha256.slice(0, 2), `${sha256}.pack`);
  writeFileSync(path, readFileSync(path).fill('x', offset, offset + 512));
  const backupDir = mkdtempSync(join(out, '..', 'fetched-'));
  const { keyDir: _, ...plan } = on.ctx.plan;
  await using arriving = await beginFetch(copies, found, backupDir);
  const ctx = { ...on.ctx, plan: { ...plan, backupDir } };
  await expect(
    describeRestore(ctx, { backup: name, to: out }, { arriving: arriving! }),
  ).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', message: expect.stringContaining(sha256) });
});

/** Makes another archive of the same length, and answers what gives its index to the first. */
async function indexOfAnother(change: () => void): Promise<(archive: string) => void> {
  change();
  const daily = join(on.backups, 'daily');
  const other = join(daily, await backUp());
  expect(statSync(other).size).toBe(statSync(join(daily, name)).size);
  return (archive) => copyFileSync(`${other}.idx`, `${archive}.idx`);
}
const stored = (file: string): string => join(on.data, 'storage', file);
const got = (file: string): string => join(out, 'data/storage', file);

test.each<[string, () => void]>([
  ['of content', () => writeFileSync(stored('1'), randomBytes(MB))],
  ['of names', () => renameSync(stored('1'), stored('X'))],
  [
    'of a link that lies apart from all files',
    () => {
      rmSync(stored('link'));
      symlinkSync('two', stored('link'));
    },
  ],
])(
  'an index that lies, %s, is found out, and does not harm an archive that is right',
  async (_of, change) => {
    const content = readFileSync(stored('1'));
    const spoil = await indexOfAnother(change);
    await restored({ spoil });
    expect(readFileSync(got('1')).equals(content)).toBe(true);
    expect(readlinkSync(got('link'))).toBe('one');
    rmSync(out, { recursive: true });
    await restored({ spoil }, { paths: ['data/storage/link'] });
    expect(readlinkSync(got('link'))).toBe('one');
  },
);

test('a store that fails when the damage is looked for says so as ever', async () => {
  let isWhole = false;
  const store = new Proxy(offsite.store, {
    get(target, key) {
      if (key === 'read' && isWhole) throw new StoreError('unreachable', 'the line is down');
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const progress = ({ bytes, totalBytes }: ProgressEvent): void => void (isWhole ||= bytes === totalBytes);
  const copies = await Copies.open({ ...offsite, store, progress });
  const { recipe, ...found } = copies.find('latest');
  const other = { ...found, recipe: { ...recipe, entry: { ...recipe.entry, sha256: '0'.repeat(64) } } };
  await using arriving = await beginFetch(copies, other, mkdtempSync(join(out, '..', 'f-')));
  await expect(arriving!.whole()).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining(`fetching ${name} from the store`),
  });
});

test('a directory that is not empty any more when all has come is not written over', async () => {
  const fill = (step: string): void => {
    if (step !== 'flush') return;
    mkdirSync(join(out, 'data/storage'), { recursive: true });
    writeFileSync(got('0'), 'precious');
  };
  await expect(restored({ step: fill })).rejects.toMatchObject({ code: 'USAGE', why: 'it is not empty' });
  expect(readFileSync(got('0'), 'utf8')).toBe('precious');
  expect(readdirSync(got('.'))).toEqual(['0']);
});

test('who cancels while the archive is proved has nothing swapped in', async () => {
  const cancelled = new AbortController();
  const arriving = {
    ...{ missing: 0, until: async () => {} },
    whole: async () => cancelled.abort(),
  } as unknown as ArrivingArchive;
  const ctx = { ...on.ctx, signal: cancelled.signal };
  await expect(restore(ctx, { backup: name, to: out }, { arriving })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  expect(readdirSync(join(out, '..'))).toEqual([]);
});

test('who waits for the whole of it hears how far it is', async () => {
  const heard: ProgressEvent[] = [];
  const from: Offsite = { ...offsite, progress: (event) => heard.push(event) };
  const copies = await Copies.open(from);
  await using arriving = await beginFetch(copies, copies.find('latest'), mkdtempSync(join(out, '..', 'f-')));
  await arriving!.whole();
  expect(heard.at(-1)).toMatchObject({ phase: 'fetch', bytes: arriving!.size, totalBytes: arriving!.size });
});
