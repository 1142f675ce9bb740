/** A copy that is restored while it comes: nothing is in place before all of it is proved. */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { OperationContext, StorePlan } from '@gofr-backup/model';
import { DirectoryStore, type Store } from '@gofr-backup/store';
import { fakeClock } from '@gofr-backup/testing';
import { beginFetch, Copies, newKeys, type Offsite, type StoredCopy } from '../../offsite/index.ts';
import { backup } from '../backup.ts';
import { restore } from '../restore.ts';
import { scene } from '../testing.ts';
import { copy, offsiteOf } from './copy.ts';

const MB = 1 << 20;
const FILES = 12;
let on: Awaited<ReturnType<typeof scene>>;
let offsite: Offsite;
let storeDir: string;
let name: string;
let out: string;
let kept: Map<string, Buffer>;

beforeAll(async () => {
  on = await scene(fakeClock());
  mkdirSync(join(on.data, 'storage'), { recursive: true });
  for (let n = 0; n < FILES; n++) writeFileSync(join(on.data, 'storage', `${n}`), randomBytes(MB));
  name = (await backup(on.ctx, { trigger: 'manual' })).backup.filename;
  const { operation } = await newKeys({ project: 'plot', created: '2025-12-13' });
  storeDir = join(on.backups, '..', 'nas');
  const plan: StorePlan = {
    ...{ name: 'nas', url: '', credentials: {}, encryption: 'age', recipients: [operation.recipient] },
    ...{ sameDevice: true, verifyDays: 30, drillDays: 30, retention: on.ctx.plan.retention },
  };
  const opened = await offsiteOf(on.ctx, { store: new DirectoryStore(storeDir), plan, host: 'one' });
  offsite = { ...opened, packContent: 2 * MB, identities: [operation.identity] };
  await copy(on.ctx, offsite, name);
  const objects = readdirSync(storeDir, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  const paths = objects.map((one) => join(one.parentPath, one.name));
  kept = new Map(paths.map((path) => [path, readFileSync(path)]));
});
afterAll(() => on[Symbol.asyncDispose]());
beforeEach(() => {
  for (const [path, bytes] of kept) writeFileSync(path, bytes);
  out = join(mkdtempSync(join(on.backups, '..', 'round-')), 'out');
});

const objectsOf = (kind: string): string[] => [...kept.keys()].filter((path) => path.includes(`/${kind}/`));

/** The store, with one of its methods replaced. */
const storeWith = (changes: Partial<Store>): Offsite => ({
  ...offsite,
  store: new Proxy(offsite.store, {
    get(target, key) {
      const value = changes[key as keyof Store] ?? (Reflect.get(target, key) as unknown);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }),
});

async function fetched<T>(
  from: Offsite,
  work: (ctx: OperationContext, arriving: Awaited<ReturnType<typeof beginFetch>>) => Promise<T>,
  change: (copy: StoredCopy) => StoredCopy = (found) => found,
): Promise<T> {
  const copies = await Copies.open({ ...from, cacheDir: '/none' });
  const backupDir = mkdtempSync(join(out, '..', 'fetched-'));
  const { keyDir: _, ...plan } = on.ctx.plan;
  await using arriving = await beginFetch(copies, change(copies.find('latest')), backupDir);
  return await work({ ...on.ctx, plan: { ...plan, backupDir } }, arriving);
}

const restored = (from: Offsite, change?: (copy: StoredCopy) => StoredCopy) =>
  fetched(
    from,
    (ctx, arriving) => restore(ctx, { backup: name, to: out }, { ...(arriving && { arriving }) }),
    change,
  );

function expectAll(): void {
  for (let n = 0; n < FILES; n++) {
    const [got, wanted] = [join(out, 'data/storage'), join(on.data, 'storage')].map((at) =>
      readFileSync(join(at, `${n}`)),
    );
    expect(got!.equals(wanted!)).toBe(true);
  }
}

/** The target was not there, and nothing of ours is left beside it. */
function expectNothing(): void {
  const beside = join(out, '..');
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(beside).filter((found) => !found.startsWith('fetched-'))).toEqual([]);
}

test('it is all there, and right', async () => {
  expect(await restored(offsite)).toMatchObject({ files: FILES, bytes: FILES * MB });
  expectAll();
});

test('it begins before the last pack was asked for, and the swap waits for it', async () => {
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const slow = storeWith({
    async *read(object, range, signal) {
      if (object.includes('/packs/') && ++asked > 5) await gate.promise;
      yield* offsite.store.read(object, range, signal);
    },
  });
  const staged: string[] = [];
  await fetched(slow, async (ctx, arriving) => {
    const restoring = restore(ctx, { backup: name, to: out }, { arriving: arriving! });
    const seen = async (): Promise<boolean> => {
      const beside = readdirSync(join(out, '..'), { recursive: true }).map(String);
      return beside.some((path) => /\.gofr-restore-.*\/storage\/0$/.test(path));
    };
    await expect.poll(seen, { timeout: 20_000 }).toBe(true);
    expect(arriving!.missing).toBeGreaterThan(MB);
    expect(existsSync(out)).toBe(false);
    gate.resolve();
    staged.push((await restoring).target);
  });
  expect(staged).toEqual([out]);
  expectAll();
});

const flipped = (path: string): void => {
  const bytes = Buffer.from(kept.get(path)!);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
};

test('damage anywhere in the packs leaves nothing, and names the pack', async () => {
  const packs = objectsOf('packs');
  expect(packs.length).toBeGreaterThan(4);
  for (const harm of [flipped, (path: string) => truncateSync(path, kept.get(path)!.length - 7), rmSync])
    for (const path of [packs[0]!, packs.at(-1)!]) {
      harm(path);
      await expect(restored(offsite)).rejects.toMatchObject({
        code: 'ARCHIVE_DAMAGED',
        message: expect.stringContaining(/([0-9a-f]{64})/.exec(path)![1]!),
      });
      expectNothing();
      writeFileSync(path, kept.get(path)!);
    }
});

test('packs that are right and make another archive are found by the whole of it', async () => {
  const other = (found: StoredCopy): StoredCopy => {
    const entry = { ...found.recipe.entry, sha256: '0'.repeat(64) };
    return { ...found, recipe: { ...found.recipe, entry } };
  };
  await expect(restored(offsite, other)).rejects.toMatchObject({
    code: 'ARCHIVE_DAMAGED',
    message: expect.stringContaining(name),
  });
  expectNothing();
});

test('a store that vanishes in the middle leaves nothing', async () => {
  let asked = 0;
  const vanishing = storeWith({
    async *read(object, range, signal) {
      if (object.includes('/packs/') && ++asked > 3) throw new Error('connection refused');
      yield* offsite.store.read(object, range, signal);
    },
  });
  await expect(restored(vanishing)).rejects.toMatchObject({ why: expect.stringContaining('refused') });
  expectNothing();
});

/** Answers for so many packs, and then hangs until it is told to end. */
function stuckAfter(packs: number, hangs = (): void => {}): Offsite {
  let asked = 0;
  return storeWith({
    async *read(object, range, signal) {
      if (object.includes('/packs/') && ++asked > packs) {
        signal?.throwIfAborted();
        const { promise, reject } = Promise.withResolvers<never>();
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        hangs();
        await promise;
      }
      yield* offsite.store.read(object, range, signal);
    },
  });
}

test('a store that hangs is left by who cancels, and by who has another reason to end', async () => {
  const cancelled = new AbortController();
  const stuck = stuckAfter(2, () => cancelled.abort());
  await expect(restored({ ...stuck, signal: cancelled.signal })).rejects.toThrow();
  expectNothing();
  mkdirSync(out);
  writeFileSync(join(out, 'present'), '');
  await expect(restored(stuckAfter(1))).rejects.toMatchObject({ code: 'USAGE' });
  expect(readdirSync(out)).toEqual(['present']);
});

test.each<[string, (copy: StoredCopy) => StoredCopy]>([
  ['whose maker nobody knows', (found) => ({ ...found, signer: 'foreign' })],
  [
    'that was never verified',
    (found) => ({
      ...found,
      recipe: { ...found.recipe, entry: { ...found.recipe.entry, verified: false } },
    }),
  ],
  [
    'without an index',
    ({ recipe: { index: _, ...recipe }, ...found }) => ({ ...found, recipe: recipe as StoredCopy['recipe'] }),
  ],
])('a copy %s is there whole first, and is verified', async (_what, change) => {
  await fetched(offsite, async (_ctx, arriving) => expect(arriving).toBeUndefined(), change);
  expect(await restored(offsite, change)).toMatchObject({ files: FILES });
  expectAll();
});

test('an index that is not the one of the archive costs time alone', async () => {
  for (const path of objectsOf('index')) flipped(path);
  expect(await restored(offsite)).toMatchObject({ files: FILES });
  expectAll();
});

test('a dry run proves all of it, too', async () => {
  const outcome = await fetched(offsite, (ctx, arriving) =>
    restore(ctx, { backup: name, to: out, dryRun: true }, { arriving: arriving! }),
  );
  expect(outcome).toMatchObject({ files: FILES, changes: { added: { files: FILES } } });
  flipped(objectsOf('packs').at(-1)!);
  const harmed = fetched(offsite, (ctx, arriving) =>
    restore(ctx, { backup: name, to: out, dryRun: true }, { arriving: arriving! }),
  );
  await expect(harmed).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
});
