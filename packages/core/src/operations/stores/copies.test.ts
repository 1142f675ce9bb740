/** A run of copies against a directory: what it asks of the store, and what it then knows of it. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DAY, HOUR, type StorePlan, type StoreState } from '@gofr-backup/model';
import { DirectoryStore, type Store } from '@gofr-backup/store';
import { fakeClock } from '@gofr-backup/testing';
import { lookAt } from '../../offsite/index.ts';
import { storeProblems } from '../../safety/index.ts';
import { backup } from '../backup.ts';
import { scene } from '../testing.ts';
import { bringUpToDate } from './copies.ts';
import { offsiteOf } from './copy.ts';
import { costsOf } from './costs.ts';
import { recordStore, storeState } from './store-state.ts';

/** A host, and a store that counts what is asked of it. `locks`: it can lock objects, as a bucket can. */
async function world({ locks = false }: { locks?: boolean } = {}) {
  const clock = fakeClock();
  // only the daily tier, so that a backup is one copy
  const retention = {
    ...{ retentionDays: 3650, maxCount: 90, keepLast: 3, timezone: 'UTC' },
    ...{ unverifiedIsGood: false, anomalyPercent: 0 },
  };
  const place = await scene(clock, { retention });
  const { ctx, data, backups } = place;
  mkdirSync(join(data, 'storage'), { recursive: true });
  const storeDir = join(backups, '..', 'nas');
  const asked: string[] = [];
  const locked = new Map<string, Date>();
  const own: Partial<Store> = {
    now: async () => new Date(clock.now()),
    ...(locks && {
      extendLock: async (name, until) => void locked.set(name, until),
      lockedUntil: async (name) => locked.get(name),
    }),
  };
  const store = new Proxy<Store>(new DirectoryStore(storeDir), {
    get(target, key) {
      const value = own[key as keyof Store] ?? (Reflect.get(target, key) as unknown);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        asked.push(`${String(key)} ${String(args[0])}`);
        return (value as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const plan: StorePlan = {
    ...{ name: 'nas', url: `file://${storeDir}`, credentials: {}, encryption: 'none', recipients: [] },
    ...{ sameDevice: true, verifyDays: 30, drillDays: 30, retention: ctx.plan.retention },
    ...(locks && { lockDays: 8 }),
  };
  return {
    ...{ clock, place, storeDir, asked },
    async backUp(content: string) {
      writeFileSync(join(data, 'storage', 'a'), content);
      return (await backup(ctx, { trigger: 'manual' })).backup.filename;
    },
    /** As a scheduled run; answers what the store then was asked. */
    async run(unattended = true): Promise<string[]> {
      asked.length = 0;
      const offsite = await offsiteOf(ctx, { store, plan, host: 'one' });
      const { news } = await bringUpToDate({ ctx, offsite, plan }, { store: 'nas' }, unattended);
      await recordStore(ctx, plan, { ...news, done_at: new Date(clock.now()).toISOString() });
      return asked;
    },
    async costs() {
      const look = await lookAt(await offsiteOf(ctx, { store, plan, host: 'one' }));
      return {
        costs: costsOf(look, plan, { now: clock.now(), drills: false }),
        verified: look.inventory.packs.size,
      };
    },
    state: (): Promise<StoreState> => storeState(ctx, plan),
    async problems(): Promise<string[]> {
      const limits = { now: clock.now(), timezone: 'UTC', maxAge: 400 * DAY, since: 0 };
      return storeProblems(await storeState(ctx, plan), limits).map(({ code }) => code);
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

const listsOf = (asked: readonly string[], prefix = 'plot/'): number =>
  asked.filter((one) => one === `list ${prefix}`).length;

test('everything is listed once for a run, and once more after each copy', async () => {
  await using on = await world();
  await on.backUp('one');
  expect(listsOf(await on.run(false))).toBe(2);
  const nothingNew = await on.run(false);
  expect(nothingNew.filter((one) => one.startsWith('list '))).toEqual(['list plot/']);
  on.clock.advance(HOUR);
  await on.backUp('two');
  const asked = await on.run(false);
  expect(listsOf(asked)).toBe(2);
  expect(asked.filter((one) => one.startsWith('list '))).toHaveLength(2);
  expect(await on.state()).toMatchObject({ copies: 2, checked: { problems: [] } });
});

test('what a run asks for is what the calculator says of it', async () => {
  await using on = await world();
  for (const content of ['one', 'two', 'three']) {
    await on.backUp(content);
    await on.run(false);
    on.clock.advance(DAY);
  }
  const { verified, costs } = await on.costs();
  expect(costs.a_month.copies).toBe(30);
  await on.backUp('four');
  const asked = await on.run(false);
  const count = (...verbs: string[]): number =>
    asked.filter((one) => verbs.includes(one.split(' ')[0]!)).length;
  const { puts, lists, gets } = costs.a_month;
  expect(count('put')).toBe(puts / 30);
  expect(count('list')).toBe(lists / 30);
  // those of a run, and what a day's share of the verification reads
  expect(Math.abs(count('read', 'size') - (gets - verified) / 30)).toBeLessThanOrEqual(3);
  expect(costs.stored.objects).toBeGreaterThanOrEqual(9);
});

test('a copy is drilled when the last drill is long ago; one that fails is told, and holds the prune', async () => {
  await using on = await world();
  const name = await on.backUp('content');
  await on.run();
  expect((await on.state()).drilled_at).toBeUndefined();
  on.clock.advance(HOUR);
  await on.run(false);
  expect((await on.state()).drill).toBeUndefined();
  await on.run();
  expect(await on.state()).toMatchObject({ drill: { backup: name, ok: true, problems: [] } });
  const { drilled_at } = await on.state();
  on.clock.advance(29 * DAY);
  await on.run();
  expect((await on.state()).drilled_at).toBe(drilled_at);

  on.clock.advance(2 * DAY);
  const packs = join(on.storeDir, 'plot/packs');
  for (const path of readdirSync(packs, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.pack')) continue;
    rmSync(join(packs, path));
    writeFileSync(join(packs, path), 'another');
  }
  await on.run();
  expect(await on.state()).toMatchObject({
    ...{ drilled_at, drill: { ok: false, backup: name } },
    pruned: { held: `the drill of ${name} failed` },
  });
  expect(await on.problems()).toContain('copy-drill-failed');
  const cache = join(on.place.backups, '.gofr-backup/offsite/nas');
  expect(existsSync(cache)).toBe(true);
  expect(readdirSync(cache).filter((entry) => entry.startsWith('drill-'))).toEqual([]);
});

test('a lock that ends is told before it does; the next copy takes that back', async () => {
  await using on = await world({ locks: true });
  await on.backUp('one');
  await on.run(false);
  expect(await on.state()).toMatchObject({
    lock: { days: 8, until: new Date(on.clock.now() + 8 * DAY).toISOString() },
  });
  on.clock.advance(5 * DAY);
  expect(await on.problems()).toEqual([]);
  on.clock.advance(2 * DAY);
  expect(await on.problems()).toEqual(['copy-lock-ends']);
  await on.backUp('two');
  await on.run(false);
  expect(await on.problems()).toEqual([]);
});

test('packs are read back as often as the settings say, however often copies are made', async () => {
  await using on = await world();
  const read = async (hours: number, every: number): Promise<number> => {
    let packs = 0;
    for (let hour = 0; hour < hours; hour += every) {
      on.clock.advance(every * HOUR);
      packs += (await on.run(false)).filter((one) => one.startsWith('read plot/packs/')).length;
    }
    return packs;
  };
  for (const content of ['one', 'two', 'three']) {
    await on.backUp(content);
    await on.run(false);
    on.clock.advance(HOUR);
  }
  expect(await read(10, 1)).toBe(0);
  // three packs within thirty days, by two runs a day
  const packs = await read(30 * 24, 12);
  expect(packs).toBeGreaterThanOrEqual(3);
  expect(packs).toBeLessThanOrEqual(7);
});
