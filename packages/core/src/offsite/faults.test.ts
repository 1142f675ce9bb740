/**
 * Whatever happens to a copy or a prune, nothing committed is lost, the next copy is good, and every copy that is listed comes
 * back as the very archive. One thing at a time; faults/ has all of it at random.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RetentionPolicy } from '@gofr-backup/model';
import { DirectoryStore, type Store } from '@gofr-backup/store';
import { type Fault, faulty } from '@gofr-backup/store/testing';
import { fakeClock, temporaryDirectory } from '@gofr-backup/testing';
import type { CopyRequest } from './copy/copy.ts';
import { copyToStore } from './copy/copy.ts';
import { takeInventory } from './inventory.ts';
import { copyingList, packObject, unnamedList } from './layout.ts';
import { Objects } from './objects.ts';
import { pruneStore } from './prune/prune.ts';
import { Copies } from './read/copies.ts';
import { type Host, host, noise } from './testing.ts';
import { verifyStore } from './verify/verify.ts';

const DAY = 86_400_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => (directory = await temporaryDirectory()));
afterEach(() => directory[Symbol.asyncDispose]());

const policy = (keep: number): RetentionPolicy => ({
  ...{ retentionDays: 3650, maxCount: keep, keepLast: 1, timezone: 'UTC' },
  ...{ unverifiedIsGood: false, anomalyPercent: 0 },
});

/** A world with a clock that the store and the host share, unless a test parts them. */
async function world(changes: Partial<Parameters<typeof host>[1]> = {}) {
  const clock = fakeClock();
  let fault: (verb: string, name: string) => Fault | undefined = () => undefined;
  const storeDir = join(directory.path, 'store');
  const timed = (store: Store, now: () => number): Store =>
    new Proxy(store, {
      get: (target, key) => {
        if (key === 'now') return async () => new Date(now());
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  const store = faulty(
    timed(new DirectoryStore(storeDir), () => clock.now()),
    (verb, name) => fault(verb, name),
  );
  const one = await host(directory.path, { store, clock, storeDir, ...changes });
  return { one, clock, storeDir, timed, setFault: (next: typeof fault) => (fault = next) };
}

/** Every listed copy comes back; answers their names. */
async function allComeBack(one: Host, made: ReadonlyMap<string, CopyRequest>): Promise<string[]> {
  const { copies, unread } = await Copies.open(one.offsite, { anew: true });
  expect(unread).toEqual([]);
  const again = await Copies.open(one.offsite, { anew: true });
  for (const copy of copies) {
    const path = join(directory.path, `back-${Math.random()}`);
    await again.fetchArchive(copy, path);
    const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(sum).toBe(made.get(copy.name.filename)!.sha256);
    rmSync(path);
  }
  return copies.map(({ name }) => name.filename).sort();
}

const packsIn = (storeDir: string): string[] =>
  readdirSync(join(storeDir, 'plot', 'packs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('.pack'))
    .map((name) => join(storeDir, 'plot', 'packs', name));

async function threeCopies() {
  const made = new Map<string, CopyRequest>();
  const here = await world();
  for (let n = 0; n < 3; n++) {
    here.one.write({ [`c/${n}.png`]: noise(`x ${n}`, 50_000) });
    const request = await here.one.backup(n);
    made.set(request.entry.filename, request);
    await copyToStore(here.one.offsite, request);
    here.clock.advance(DAY);
  }
  return { ...here, made, names: [...made.keys()].sort() };
}

describe('another host works there meanwhile', () => {
  const plant = (storeDir: string, object: string, text: string): string => {
    const path = join(storeDir, 'plot', object);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };

  test('a copy that ends after the store was listed: the prune goes on, and all come back', async () => {
    const { one, storeDir, setFault, made, names, clock } = await threeCopies();
    const list = plant(storeDir, copyingList(clock.now()), '');
    setFault((verb, name) => {
      if (verb === 'read' && name.includes('copying/')) rmSync(list, { force: true });
      return undefined;
    });
    expect(await pruneStore(one.offsite, { policy: policy(2), dryRun: false })).toMatchObject({
      dry_run: false,
    });
    expect(existsSync(list)).toBe(false);
    expect(await allComeBack(one, made)).toEqual(names.slice(1));
  });

  test('a prune that ends after the store was listed: it is listed again, so no pack counts that is gone', async () => {
    const { one, storeDir, setFault, clock } = await threeCopies();
    const [pack] = packsIn(storeDir);
    const list = plant(storeDir, unnamedList(clock.now()), `${sha256In(pack!)}\n`);
    setFault((verb, name) => {
      if (verb === 'read' && name.includes('unnamed-'))
        for (const gone of [pack!, list]) rmSync(gone, { force: true });
      return undefined;
    });
    const { packs } = await takeInventory(new Objects(one.offsite), new AbortController().signal);
    expect([...packs.keys()]).not.toContain(sha256In(pack!));
    expect(packs.size).toBeGreaterThan(0);
  });
});

const sha256In = (pack: string): string => /[0-9a-f]{64}/.exec(pack)![0];

describe('damage in the store', () => {
  test.each(['flipped', 'truncated', 'lost'] as const)(
    'a %s pack is told, and the next copy of its archive heals',
    async (how) => {
      const { one, storeDir, made, names } = await threeCopies();
      const [pack] = packsIn(storeDir);
      const bytes = readFileSync(pack!);
      if (how === 'lost') unlinkSync(pack!);
      else if (how === 'truncated') truncateSync(pack!, bytes.length - 1);
      else {
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(pack!, bytes);
      }
      const { results } = await verifyStore(one.offsite, { share: 1 });
      const damaged = results.filter(({ ok }) => !ok).map(({ filename }) => filename);
      expect(damaged.length).toBeGreaterThan(0);
      const copies = await Copies.open(one.offsite, { anew: true });
      await expect(
        copies.fetchArchive(copies.find(damaged[0]!), join(directory.path, 'out')),
      ).rejects.toMatchObject({
        code: 'ARCHIVE_DAMAGED',
      });
      expect(readdirSync(directory.path).filter((name) => name.startsWith('out'))).toEqual([]);
      for (const filename of damaged) await copyToStore(one.offsite, made.get(filename)!);
      expect(await allComeBack(one, made)).toEqual(names);
    },
  );

  test('a lost recipe holds the prune, and the next copy puts it again', async () => {
    const { one, storeDir, made, names, clock } = await threeCopies();
    const place = join(storeDir, 'plot', 'recipes', 'daily');
    unlinkSync(join(place, readdirSync(place)[0]!));
    const { held } = await pruneStore(one.offsite, { policy: policy(9), dryRun: false });
    expect(held).toMatch(/vanished/);
    one.write({ more: 'x' });
    const request = await one.backup(9);
    made.set(request.entry.filename, request);
    const { mended } = await copyToStore(one.offsite, request);
    expect(mended).toEqual([names[0]]);
    clock.advance(DAY);
    expect((await pruneStore(one.offsite, { policy: policy(9), dryRun: false })).held).toBeUndefined();
    expect(await allComeBack(one, made)).toEqual([...names, request.entry.filename].sort());
  });

  test('a recipe that is damaged, or that somebody else wrote, holds the prune', async () => {
    const { one, storeDir } = await threeCopies();
    const place = join(storeDir, 'plot', 'recipes', 'daily');
    const recipe = join(place, readdirSync(place)[0]!);
    const bytes = readFileSync(recipe);
    bytes[bytes.length - 40]! ^= 1;
    writeFileSync(recipe, bytes);
    const closed = { ...one.offsite, identities: [] };
    for (const offsite of [one.offsite, closed]) {
      const outcome = await pruneStore(offsite, { policy: policy(1), dryRun: false });
      expect(outcome).toMatchObject({ removed_packs: 0, listed: 0 });
      expect(outcome.held).toMatch(/cannot be read/);
    }
    expect((await verifyStore(closed, { share: 0 })).results.filter(({ ok }) => !ok)).toHaveLength(1);
  });
});

test('what is damaged in the cache says nothing about the store', async () => {
  const { one, made, names } = await threeCopies();
  const copies = join(one.offsite.cacheDir, 'copies');
  const hurt = readdirSync(copies).filter((name) => name.endsWith('.recipe'));
  for (const name of hurt) truncateSync(join(copies, name), 100);
  expect((await verifyStore(one.offsite, { share: 1 })).results.filter(({ ok }) => !ok)).toEqual([]);
  const closed = { ...one.offsite, identities: [] };
  const verified = await verifyStore(closed, { share: 1 });
  expect(verified).toMatchObject({ results: [] });
  expect(verified.closed).toHaveLength(names.length);
  expect(await allComeBack(one, made)).toEqual(names);
});

test('a copy of which a pack is lost counts for none when others are removed', async () => {
  const { one, storeDir, names } = await threeCopies();
  const { recipe } = (await Copies.open(one.offsite)).find(names[2]!);
  const { sha256 } = recipe.packs.at(-1)!;
  unlinkSync(join(storeDir, 'plot', packObject(sha256, one.offsite.encryption)));
  const { decisions } = await pruneStore(one.offsite, { policy: policy(2), dryRun: true });
  expect(decisions.filter(({ action }) => action === 'remove')).toEqual([]);
});

test('a host without an identity prunes by what it knows, and after a lost cache nothing', async () => {
  const { one, clock, made, names } = await threeCopies();
  const closed = { ...one.offsite, identities: [] };
  for (let day = 0; day < 4; day++) {
    expect((await pruneStore(closed, { policy: policy(2), dryRun: false })).held).toBeUndefined();
    clock.advance(DAY + 60_000);
  }
  expect(await allComeBack(one, made)).toEqual(names.slice(1));
  rmSync(closed.cacheDir, { recursive: true });
  expect((await pruneStore(closed, { policy: policy(1), dryRun: false })).held).toMatch(/cannot be read/);
  expect(await allComeBack(one, made)).toEqual(names.slice(1));
});

test('clocks a year apart: copies go on, nothing is removed', async () => {
  const { one, clock, made, names, timed } = await threeCopies();
  const apart = { ...one.offsite, store: timed(one.offsite.store, () => clock.now() + 365 * DAY) };
  const outcome = await pruneStore(apart, { policy: policy(1), dryRun: false });
  expect(outcome.held).toMatch(/clock/);
  one.write({ more: 'x' });
  const request = await one.backup(9);
  made.set(request.entry.filename, request);
  await copyToStore(apart, request);
  expect(await allComeBack(one, made)).toEqual([...names, request.entry.filename].sort());
});

test('two writers: the second is refused, takes over when told to, and then the first is refused', async () => {
  const { one, storeDir, made, names } = await threeCopies();
  const root = join(directory.path, 'other');
  mkdirSync(root);
  const two = await host(root, {
    storeDir,
    encryption: one.offsite.encryption,
    identities: one.offsite.identities,
  });
  two.write({ a: 'x' });
  const request = await two.backup(20);
  await expect(copyToStore(two.offsite, request)).rejects.toMatchObject({ code: 'CONFIG' });
  await copyToStore(two.offsite, { ...request, takeOver: true });
  made.set(request.entry.filename, request);
  one.write({ more: 'x' });
  await expect(copyToStore(one.offsite, await one.backup(9))).rejects.toMatchObject({ code: 'CONFIG' });
  expect(await allComeBack(two, made)).toEqual([...names, request.entry.filename].sort());
});

test('a copy that was killed goes on at the pack it was at', async () => {
  const { one, setFault } = await world({ packContent: 250_000 });
  for (let n = 0; n < 45; n++) one.write({ [`c/${n}.png`]: noise(`big ${n}`, 10_000) });
  const request = await one.backup(0);
  let packs = 0;
  setFault((verb, name) =>
    verb === 'put' && name.includes('/packs/') && ++packs > 1 ? { kind: 'error' } : undefined,
  );
  await expect(copyToStore(one.offsite, request)).rejects.toMatchObject({ code: 'IO' });
  setFault(() => undefined);
  const { bytes_sent } = await copyToStore(one.offsite, request);
  expect(bytes_sent).toBeLessThan(260_000);
  expect(await allComeBack(one, new Map([[request.entry.filename, request]]))).toHaveLength(1);
});

test('nothing changed: a recipe is sent, and no more', async () => {
  const { one } = await threeCopies();
  const { bytes_sent, packs } = await copyToStore(one.offsite, await one.backup(9));
  expect(packs).toBe(0);
  expect(bytes_sent).toBeLessThan(20_000);
});

test('of a pack that is less than half named, the rest is sent anew, and it goes with its last old copy', async () => {
  const { one, clock, made, storeDir } = await threeCopies();
  const [first] = packsIn(storeDir).sort((a, b) => statSync(b).size - statSync(a).size);
  one.write(
    Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`d/${n}.png`, noise(`d ${n}`, 20_000)])),
  );
  const backup = async (n: number): Promise<void> => {
    const request = await one.backup(n);
    made.set(request.entry.filename, request);
    await copyToStore(one.offsite, request);
    clock.advance(DAY + 60_000);
    await pruneStore(one.offsite, { policy: policy(1), dryRun: false });
  };
  await backup(10);
  const large = packsIn(storeDir).sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
  expect(large).not.toBe(first);
  for (let n = 0; n < 15; n++) one.write({ [`d/${n}.png`]: undefined });
  for (let n = 11; n < 20; n++) {
    one.write({ [`e/${n}.png`]: noise(`e ${n}`, 2000) });
    await backup(n);
  }
  expect(existsSync(large)).toBe(false);
  const { length } = await allComeBack(one, made);
  expect(length).toBe(1);
});

test('with object lock, all that a copy needs is locked, also what was there before', async () => {
  const { one, clock } = await world();
  const locked = new Map<string, number>();
  const store = new Proxy(one.offsite.store, {
    get: (target, key) =>
      key === 'extendLock'
        ? async (name: string, until: Date) => void locked.set(name, until.getTime())
        : (Reflect.get(target, key) as unknown),
  });
  const offsite = { ...one.offsite, store, lockDays: 7 };
  one.write({ a: noise('a', 5000) });
  await copyToStore(offsite, await one.backup(1));
  clock.advance(3 * DAY);
  one.write({ b: noise('b', 5000) });
  const request = await one.backup(2);
  await copyToStore(offsite, request);
  const copies = await Copies.open(offsite);
  const { recipe, object } = copies.find(request.entry.filename);
  expect(recipe.packs.length).toBeGreaterThan(1);
  const needed = [object, ...recipe.packs.map(({ sha256 }) => packObject(sha256, offsite.encryption))];
  for (const name of needed) expect(locked.get(`plot/${name}`)).toBe(clock.now() + 7 * DAY);
});
