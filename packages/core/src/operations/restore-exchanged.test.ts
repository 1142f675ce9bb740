/**
 * Restores whose directories are exchanged at a moment that the test chooses: before a step, or before one of the look-ups that
 * lead through the name. What the racing process of `restore-races.test.ts` meets by luck, each of them is met here.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isWorkDirName } from '@gofr-backup/model';
import { DirectoryHandle } from '@gofr-backup/posix';
import type { Pair } from '@gofr-backup/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { backup } from './backup.ts';
import {
  contextOf,
  DIRECTORY,
  exchange,
  expectWhole,
  fillForeign,
  inodeOf,
  nowIn,
  OTHERS,
  ownOf,
  putInOrder,
  requestOf,
  settleWhereItWent,
  stateOf,
  statesAfter,
  understood,
  type Way,
  WAYS,
  wholeStates,
} from './exchanging.fixture.ts';
import type { Journal } from '../recovery/journal.ts';
import { recoverInterrupted } from './recover.ts';
import { restore } from './restore.ts';
import { fill, makeWorld, THEN, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;

let world: World;
let archive: string;
const at = (name: string): string => join(world.base, name);

beforeAll(async () => {
  world = makeWorld();
  await fill(world, THEN);
  archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
  fillForeign(at('foreign'));
});
afterAll(() => world.dispose());

/** The moments of one restore at which a name changes what it is; what has changed last stays so. */
interface Course {
  way: Way;
  other: (typeof OTHERS)[number];
  changes: number[];
  /** the step before which the process dies */
  dieAt?: number | undefined;
}

/** Counts the moments of a restore, and exchanges the pairs before those that are named. */
class Exchanges implements Disposable {
  moments = 0;
  #pairs: readonly Pair[];
  readonly #changes: ReadonlySet<number>;
  readonly #spies: { mockRestore(): void }[];

  constructor(pairs: readonly Pair[], changes: number[]) {
    this.#pairs = pairs;
    this.#changes = new Set(changes);
    const names = pairs.map(([own]) => own.slice(own.lastIndexOf('/') + 1));
    const watch = (path: string) => {
      if (path.split('/').some((name) => names.includes(name))) this.moment();
    };
    const { openDirectory, lstat } = DirectoryHandle.prototype;
    this.#spies = [
      vi.spyOn(DirectoryHandle.prototype, 'openDirectory').mockImplementation(function (
        this: DirectoryHandle,
        path,
        opening,
      ) {
        watch(path);
        return openDirectory.call(this, path, opening);
      }),
      vi.spyOn(DirectoryHandle.prototype, 'lstat').mockImplementation(function (this: DirectoryHandle, name) {
        watch(name);
        return lstat.call(this, name);
      }),
    ];
  }

  moment(): void {
    if (!this.#changes.has(this.moments++)) return;
    for (const pair of this.#pairs) exchange(pair);
    // One may lie in another, so the next exchange begins with what was exchanged last.
    this.#pairs = this.#pairs.toReversed();
  }

  [Symbol.dispose](): void {
    for (const spy of this.#spies) spy.mockRestore();
  }
}

/** Answers how many moments there were, and at which of them the steps. */
async function run(
  { way, other, changes, dieAt }: Course,
  states: Set<string>,
): Promise<{ moments: number; steps: number[] }> {
  await nowIn(world);
  rmSync(at('spare'), { recursive: true, force: true });
  mkdirSync(at('spare'));
  const pairs = way.raced.map((directory, n): Pair => {
    other(at(`spare/${n}`), at);
    return [at(directory), at(`spare/${n}`)];
  });
  const own = ownOf(way, world);
  const others = new Map(pairs.map(([, name]) => [name, inodeOf(name)!]));
  const foreign = stateOf(at('foreign'));
  const what = JSON.stringify({
    raced: way.raced,
    request: way.request,
    other: OTHERS.indexOf(other),
    changes,
    dieAt,
  });
  const ctx = contextOf(way, world);
  const steps: number[] = [];
  using exchanges = new Exchanges(pairs, changes);
  const step = () => {
    if (dieAt !== undefined && steps.length >= dieAt) throw new Error('killed');
    steps.push(exchanges.moments);
    exchanges.moment();
  };
  await restore(ctx, requestOf(way, archive), { step }).catch(understood);
  const { moments } = exchanges;
  exchanges[Symbol.dispose]();
  await recoverInterrupted(ctx).catch(understood);
  const open = putInOrder(own, others, { pairs }, world);
  await settleWhereItWent(ctx, pairs);
  expect(stateOf(at('foreign')), what).toEqual(foreign);
  await expectWhole(statesAfter(states, way, other), open, world, what);
  expect(pointers(), what).toEqual([]);
  return { moments, steps };
}

const pointers = (): string[] =>
  readdirSync(at('backups/.gofr-backup')).filter((name) => name.startsWith('restore-'));

const [WHOLE, EXCLUDING, BY_PATH, TWO_PATHS] = [WAYS[0]!, WAYS[1]!, WAYS[3]!, WAYS[4]!];
const [LINK, OTHER_DIRECTORY] = [OTHERS[0]!, DIRECTORY!];
/** Of the moments and deaths, each so many-th: all of them take minutes. */
const STRIDE = 23;

test.runIf(asRoot).each([
  { of: 'one path', way: BY_PATH, by: 'a link', other: LINK },
  { of: 'one path', way: BY_PATH, by: 'another directory', other: OTHER_DIRECTORY },
  { of: 'two paths', way: TWO_PATHS, by: 'a link', other: LINK },
])(
  'a restore of $of whose directory is $by from any moment on, and that dies or not',
  { timeout: 1_200_000 },
  async ({ way, other }) => {
    const states = await wholeStates(way, world, archive);
    const { moments, steps } = await run({ way, other, changes: [] }, states);
    const deaths = [undefined, ...steps.keys()];
    const courses = [...Array(moments).keys()].flatMap((from) =>
      deaths.map((dieAt) => ({ changes: [from], dieAt })),
    );
    const chosen = courses.filter((_, n) => n % STRIDE === 0);
    expect(chosen.length).toBeGreaterThan(steps.length);
    for (const course of chosen) await run({ way, other, ...course }, states);
  },
);

test.runIf(asRoot)(
  'a restore whose directory is a link for one moment, and again from a later one on',
  { timeout: 1_200_000 },
  async () => {
    const states = await wholeStates(BY_PATH, world, archive);
    const { moments, steps } = await run({ way: BY_PATH, other: LINK, changes: [] }, states);
    const all = [...Array(moments).keys()].flatMap((once) =>
      [...Array(moments).keys()].filter((again) => again > once + 1).map((again) => [once, once + 1, again]),
    );
    const chosen = all.filter((_, n) => n % STRIDE === 0);
    expect(chosen.length).toBeGreaterThan(steps.length);
    for (const changes of chosen) await run({ way: BY_PATH, other: LINK, changes }, states);
  },
);

test.runIf(asRoot)(
  'old data that the application puts into the new outlives a restore that is rolled back',
  { timeout: 1_200_000 },
  async () => {
    const [way, other] = [EXCLUDING, OTHER_DIRECTORY];
    const states = await wholeStates(way, world, archive);
    const { moments, steps } = await run({ way, other, changes: [] }, states);
    const flushed = steps[2]! + 1;
    const all = range(flushed, flushed + 3).flatMap((from) =>
      range(from + 1, moments).flatMap((again) =>
        [undefined, ...range(8, 11)].map((dieAt) => ({ changes: [from, again], dieAt })),
      ),
    );
    let kept = 0;
    for (const course of all.filter((_, n) => n % 13 === 0)) {
      await run({ way, other, ...course }, states);
      if (readdirSync(at('data')).some((name) => name.includes('.found-'))) kept++;
    }
    expect(kept).toBeGreaterThan(0);
  },
);

test.runIf(asRoot)('a killed restore is undone in the directory that it went into, in no other', async () => {
  const states = await wholeStates(EXCLUDING, world, archive);
  const ctx = contextOf(EXCLUDING, world);
  const [storage, spare] = [at('data/storage'), at('spare')];
  for (const dieAt of range(5, 14)) {
    await nowIn(world);
    rmSync(spare, { recursive: true, force: true });
    mkdirSync(spare);
    let steps = 0;
    const step = () => {
      if (steps++ >= dieAt) throw new Error('killed');
    };
    await restore(ctx, requestOf(EXCLUDING, archive), { step }).catch(understood);
    exchange([storage, spare]);
    const refusal = await recoverInterrupted(ctx).then(() => '', understood);
    expect(refusal, `step ${dieAt}`).toContain('data/storage is another directory');
    expect(readdirSync(storage)).toEqual([]);
    exchange([storage, spare]);
    expect((await recoverInterrupted(ctx)).rolledBack).toBe(1);
    await expectWhole(states, [], world, `step ${dieAt}`);
    expect(pointers()).toEqual([]);
  }
});

/** As if the file system gave its inode numbers anew. */
function renumber(): void {
  const [workDir] = readdirSync(at('data')).filter((name) => isWorkDirName(name));
  const path = at(`data/${workDir}/journal.json`);
  const { parents, workInodes, ...journal } = JSON.parse(readFileSync(path, 'utf8')) as Journal;
  const other = (inode: string): string => String(BigInt(inode) + 1n);
  const renumbered = {
    parents: parents!.map(({ place, inode }) => ({ place, inode: other(inode) })),
    workInodes: workInodes!.map(other),
  };
  writeFileSync(path, JSON.stringify({ ...journal, ...renumbered }));
}

test('inode numbers of another mount prove nothing, and no rollback fails for them', async () => {
  const states = await wholeStates(EXCLUDING, world, archive);
  await nowIn(world);
  let steps = 0;
  const step = () => {
    if (steps++ >= 12) throw new Error('killed');
  };
  const ctx = contextOf(EXCLUDING, world);
  await restore(ctx, requestOf(EXCLUDING, archive), { step }).catch(understood);
  renumber();
  expect((await recoverInterrupted(ctx)).rolledBack).toBe(1);
  await expectWhole(states, [], world, 'renumbered');
});

test('a directory that only new data went into, and that is gone, is missed by nobody', async () => {
  const merging: Way = { raced: [], request: { merge: true } };
  const group = at('data/storage/group');
  await nowIn(world);
  rmSync(join(group, 'a.metadata.json'));
  let wentIn = false;
  const step = () => {
    wentIn ||= readdirSync(group).includes('inner');
    if (wentIn) throw new Error('killed');
  };
  const ctx = contextOf(merging, world);
  await restore(ctx, requestOf(merging, archive), { step }).catch(understood);
  expect(wentIn).toBe(true);
  rmSync(group, { recursive: true });
  expect((await recoverInterrupted(ctx)).rolledBack).toBe(1);
  expect(pointers()).toEqual([]);
});

test('one that old data was in is missed: nothing is settled, and the old data stays', async () => {
  const merging: Way = { raced: [], request: { merge: true } };
  const group = at('data/storage/group');
  await nowIn(world);
  const step = () => {
    if (readdirSync(group).includes('inner')) throw new Error('killed');
  };
  const ctx = contextOf(merging, world);
  await restore(ctx, requestOf(merging, archive), { step }).catch(understood);
  rmSync(group, { recursive: true });
  const [workDir, ofLogs] = ['data', '.'].map((home) =>
    join(
      at(home),
      readdirSync(at(home)).find((name) => isWorkDirName(name))!,
    ),
  ) as [string, string];
  await expect(recoverInterrupted(ctx)).rejects.toMatchObject({
    why: expect.stringContaining('data/storage/group is another directory'),
    hint: expect.stringContaining(`remove that directory and ${ofLogs} and run`),
  });
  const old = readdirSync(join(workDir, 'old')).map((name) => join(workDir, 'old', name));
  expect(old.map((path) => readFileSync(path, 'utf8'))).toContain('{"later":1}');
  for (const path of [workDir, ofLogs]) rmSync(path, { recursive: true });
  await recoverInterrupted(ctx);
  expect(pointers()).toEqual([]);
});

test.runIf(asRoot)('what was taken instead of a directory that is back is kept beside it', async () => {
  const [auth, spare] = [at('data/auth'), at('spare')];
  const whole = await wholeStates(WHOLE, world, archive);
  await nowIn(world);
  rmSync(spare, { recursive: true, force: true });
  symlinkSync(at('foreign'), spare);
  let isExchanged = false;
  const step = (name: string) => {
    if (name === 'aside' && !isExchanged) exchange([auth, spare]);
    isExchanged ||= name === 'aside';
    if (name === 'undo') throw new Error('killed');
  };
  const ctx = contextOf(WHOLE, world);
  await restore(ctx, requestOf(WHOLE, archive), { step }).catch(understood);
  expect(inodeOf(auth), 'the link is in the work directory').toBe(undefined);
  renameSync(spare, auth);
  expect((await recoverInterrupted(ctx)).rolledBack).toBe(1);
  await expectWhole(whole, [], world, 'auth');
  const found = readdirSync(at('data')).filter((name) => name.startsWith('auth.found-'));
  expect(found.map((name) => readlinkSync(at(`data/${name}`)))).toEqual([at('foreign')]);
  rmSync(at(`data/${found[0]!}`));
});

const range = (from: number, to: number): number[] => [...Array(to - from).keys()].map((n) => from + n);
