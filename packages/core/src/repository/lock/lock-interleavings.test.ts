/**
 * Three contenders for one lock, their steps on disk in an order of chance, each of them killed at some step or never.
 * Whatever the order: never two at work, and once all are dead the next one gets in. LOCK_SEED repeats a run,
 * LOCK_ROUNDS sets how many orders are tried.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedFrom } from '@gofr-backup/testing';
import { silentLogger } from '@gofr-backup/model';
import { ownIdentity } from './identity.ts';
import type { LockStep } from './lock-file.ts';
import { clearSpent } from './spent-locks.ts';
import { takeLock, writeDone } from './take-lock.ts';
import type { TakenLock, Taking } from './take-lock.ts';

const seed = seedFrom('LOCK_SEED');
const rounds = Number(process.env['LOCK_ROUNDS'] ?? 80);
const CONTENDERS = 3;
/** Per contender: often enough that a number which a slow one saw next is used, cleared, and free again. */
const TRIES = 12;

let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'gofr-order-'))));
afterAll(() => rm(root, { recursive: true, force: true }));

class Killed extends Error {}

/** Lets one contender at a time do one step. */
class Schedule {
  readonly #waiting = new Map<number, { go: () => void; die: (why: Error) => void }>();
  readonly #running = new Set<number>();
  readonly #killed = new Set<number>();
  readonly trace: string[] = [];
  #changed = () => {};

  step(contender: number): LockStep {
    return (name) =>
      new Promise((resolve, reject) => {
        if (this.#killed.has(contender)) return reject(new Killed());
        this.trace.push(`${contender} ${name}`);
        this.#running.delete(contender);
        this.#waiting.set(contender, { go: resolve, die: reject });
        this.#changed();
      });
  }

  start(contender: number, work: Promise<void>): void {
    this.#running.add(contender);
    void work.finally(() => (this.#running.delete(contender), this.#changed()));
  }

  /** Those who wait, once nobody runs. */
  async waiting(): Promise<number[]> {
    while (this.#running.size > 0) await new Promise<void>((resolve) => (this.#changed = resolve));
    return [...this.#waiting.keys()];
  }

  go(contender: number): void {
    const { go } = this.#take(contender);
    this.#running.add(contender);
    go();
  }

  kill(contender: number): void {
    this.trace.push(`${contender} killed`);
    const { die } = this.#take(contender);
    this.#killed.add(contender);
    this.#running.add(contender);
    die(new Killed());
  }

  #take(contender: number) {
    const found = this.#waiting.get(contender);
    if (found === undefined) throw new Error('it does not wait');
    this.#waiting.delete(contender);
    return found;
  }
}

class World {
  readonly schedule = new Schedule();
  readonly dead = new Set<string>();
  readonly atWork = new Set<string>();
  readonly dir: string;
  violation = '';

  constructor(dir: string) {
    this.dir = dir;
  }

  holder(contender: number, taking: number) {
    const token = `${contender}-${taking}`;
    return { token, operation: 'backup', owner: token, since: '2025-12-13T02:00:00Z', ...ownIdentity() };
  }

  /** As a process would: once killed it does no step more. */
  async live(contender: number): Promise<void> {
    const step = this.schedule.step(contender);
    for (let taking = 1; taking <= TRIES; taking++) {
      const own = this.holder(contender, taking);
      try {
        await this.work(own, step);
      } catch (error) {
        this.atWork.delete(own.token);
        if (error instanceof Killed) return void this.dead.add(own.token);
        if ((error as { code?: string }).code !== 'BUSY') this.violation ||= String(error);
      }
    }
  }

  async work(own: ReturnType<World['holder']>, step: LockStep): Promise<void> {
    const taken = await this.take(own, step);
    try {
      this.atWork.add(own.token);
      if (this.atWork.size > 1) this.violation ||= `${[...this.atWork].join(' and ')} are at work`;
      await step('clear');
      await clearSpent(this.dir, taken, { logger: silentLogger, step });
      await step('work');
      this.atWork.delete(own.token);
      await writeDone(taken);
    } finally {
      await taken.file.close();
    }
  }

  take(own: ReturnType<World['holder']>, step: LockStep): Promise<TakenLock> {
    const isStale: Taking['isStale'] = async (found, _now, again) => {
      if (found.holder !== undefined) return this.dead.has(found.holder.token);
      await step('watch');
      return (await again())?.mark === found.mark;
    };
    return takeLock({ stateDir: this.dir, own, isStale, step });
  }
}

function chance(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 2 ** 32) * below);
  };
}

async function play(round: number): Promise<string> {
  const dir = join(root, String(round));
  await mkdir(dir);
  const world = new World(dir);
  const random = chance(seed + round);
  const lives = Array.from({ length: CONTENDERS }, (_, contender) => world.live(contender));
  lives.forEach((life, contender) => world.schedule.start(contender, life));
  // from taking turns to going on for many takings, while the others stand between two steps
  const patience = [2, 8, 60][random(3)] ?? 2;
  let next = 0;
  for (let some = await world.schedule.waiting(); some.length > 0; some = await world.schedule.waiting()) {
    if (!some.includes(next) || random(patience) === 0) next = some[random(some.length)] ?? 0;
    if (random(60) === 0) world.schedule.kill(next);
    else world.schedule.go(next);
  }
  await Promise.all(lives);
  const last = await world.take(world.holder(9, 9), async () => {}).catch((error: unknown) => error);
  if (last instanceof Error) world.violation ||= `all are dead, and yet: ${last.message}`;
  else await (last as TakenLock).file.close();
  await rm(dir, { recursive: true });
  return world.violation && `${world.violation}\n${world.schedule.trace.join('\n')}`;
}

test(`in ${rounds} orders of the steps of three contenders one works at a time (seed ${seed})`, async () => {
  for (let round = 0; round < rounds; round++) expect(await play(round), `round ${round}`).toBe('');
}, 600_000);
