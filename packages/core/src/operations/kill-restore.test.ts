import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedFrom } from '@gofr-backup/testing';
import { backup } from './backup.ts';
import { recoverInterrupted } from './recover.ts';
import { fill, makeWorld, NOW_TO_MERGE, present, startChild, THEN, type World } from './restoring.fixture.ts';

/** Hundreds with KILLS=300; the seed of a run is in its log, KILL_SEED repeats it. */
const KILLS = Number(process.env['KILLS'] ?? 10);
const SEED = seedFrom('KILL_SEED');

/** mulberry32: small, and the same everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let world: World;
let archive: string;
let then: Record<string, unknown>;
let now: Record<string, unknown>;
let merged: Record<string, unknown>;

beforeAll(async () => {
  world = makeWorld();
  await fill(world, THEN);
  then = await present(world);
  archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
  await fill(world, NOW_TO_MERGE);
  await run({ merge: true });
  merged = timeless(await present(world));
  await fill(world, NOW_TO_MERGE);
  now = await present(world);
});
afterAll(() => world.dispose());

/** What stays in a merge is made anew for every kill, with new times. */
const timeless = (tree: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(tree).map(([path, entry]) => [path, { ...(entry as object), mtime: undefined }]),
  );

const request = (change: object) => ({ backup: archive, safetyBackup: false, ...change });

async function run(change: object, dieAt?: number): Promise<string> {
  const orders = { plan: world.plan, operation: 'restore', request: request(change) } as const;
  return startChild(dieAt === undefined ? orders : { ...orders, dieAt }).ended;
}

/** The present state is the old or the new as a whole, nothing lies about, and it is the old again afterwards. */
async function expectWhole(wanted: Record<string, unknown>, what: string): Promise<'old' | 'new'> {
  const after = await present(world);
  const hidden = [world.base, world.plan.dataDir].flatMap((dir) =>
    readdirSync(dir).filter((name) => name.startsWith('.')),
  );
  expect(hidden, what).toEqual([]);
  expect(
    readdirSync(join(world.plan.backupDir, '.gofr-backup')).filter((name) => name.startsWith('restore-')),
    what,
  ).toEqual([]);
  const isOld = JSON.stringify(after) === JSON.stringify(now);
  if (!isOld) {
    expect(wanted === merged ? timeless(after) : after, what).toEqual(wanted);
    await fill(world, NOW_TO_MERGE);
    now = await present(world);
  }
  return isOld ? 'old' : 'new';
}

describe('a killed restore', () => {
  test.each([false, true])(
    'before each of its steps: old data or new (merge: %s)',
    { timeout: 300_000 },
    async (merge) => {
      const outcomes: string[] = [];
      for (let at = 0; ; at += merge ? 6 : 1) {
        const ended = await run({ merge }, at);
        await recoverInterrupted(world.ctx);
        outcomes.push(await expectWhole(merge ? merged : then, `killed before step ${at}`));
        if (ended !== 'SIGKILL') break;
      }
      // once new, always new: the commit is one moment
      expect(outcomes.join(' ')).toMatch(/^(old )+(new ?)+$/);
      console.info(`${outcomes.length} kills before steps (merge: ${merge})`);
    },
  );

  test('and a recovery that is killed as well', { timeout: 300_000 }, async () => {
    for (const [at, again] of [
      [6, 0],
      [6, 2],
      [8, 3],
      [9, 5],
      [14, 2],
    ] as const) {
      await run({}, at);
      await startChild({ plan: world.plan, operation: 'recover', request: request({}), dieAt: again }).ended;
      await recoverInterrupted(world.ctx);
      await expectWhole(then, `killed before step ${at}, the recovery before step ${again}`);
    }
  });

  test('at random moments: old data or new', { timeout: 3_600_000 }, async () => {
    const next = random(SEED);
    const counts = { old: 0, new: 0, killed: 0 };
    let longest = 800;
    for (let n = 0; n < KILLS; n++) {
      const merge = next() < 0.3;
      const { child, began, ended } = startChild({
        plan: world.plan,
        operation: 'restore',
        request: request({ merge }),
      });
      await began;
      const started = performance.now();
      const after = next() * longest;
      await Promise.race([sleep(after), ended]);
      child.kill('SIGKILL');
      const how = await ended;
      if (how === 'SIGKILL') counts.killed++;
      // where a whole restore fits into the range, it is right; where none does, it must grow
      longest = how === 'SIGKILL' ? longest * 1.2 : Math.max(50, (performance.now() - started) * 1.05);
      await recoverInterrupted(world.ctx);
      counts[
        await expectWhole(merge ? merged : then, `seed ${SEED}, kill ${n} after ${Math.round(after)} ms`)
      ]++;
    }
    console.info(`KILL_SEED=${SEED}: ${JSON.stringify(counts)} of ${KILLS}`);
  });
});
