/**
 * Restores while a process exchanges directories of the data for links to a foreign one, and for other things. Nothing outside
 * is made, removed or changed, and afterwards there is the old data or the new.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { BackupError, type RestoreRequest } from '@gofr-backup/model';
import { withoutNative } from '@gofr-backup/posix';
import { type Pair, type Race, RacingProcess, raceRounds, recordRace } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backup } from './backup.ts';
import { recoverInterrupted } from './recover.ts';
import { restore } from './restore.ts';
import { contextFor, fill, makeWorld, NOW_TO_MERGE, present, THEN, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;
const rounds = raceRounds(24, 60);

/** What takes the place of a directory. */
const OTHERS: ((path: string, at: (name: string) => string) => void)[] = [
  (path, at) => symlinkSync(at('foreign'), path),
  (path, at) => symlinkSync(at('foreign/group'), path),
  (path) => execFileSync('mkfifo', [path]),
  (path) => mkdirSync(join(path, 'inner'), { recursive: true }),
];
const DIRECTORY = OTHERS.at(-1);

interface Way {
  request?: Partial<RestoreRequest>;
  exclude?: string[];
  /** the directories that are exchanged */
  raced: string[];
  /** the work directory is exchanged for one of the application, in which names lead out */
  work?: boolean;
}

const WAYS: Way[] = [
  { raced: ['data/storage'] },
  { raced: ['data/storage/group'], exclude: ['local'] },
  { raced: ['data/storage/group', 'data/storage'], exclude: ['local'] },
  { raced: ['data/storage/group'], request: { paths: ['data/storage/group/inner'] } },
  {
    raced: ['data/storage', 'data/auth'],
    request: { paths: ['data/storage/group', 'data/auth/token.json'] },
  },
  { raced: ['data/storage/group'], request: { merge: true } },
  { raced: ['data/storage', 'data/auth'], request: { merge: true } },
  { raced: ['data/storage'], request: { only: ['storage'], merge: true } },
  { raced: [], work: true },
  { raced: ['data/auth'], work: true },
];

/** Everything that a system call could have changed. */
function stateOf(path: string): string[] {
  const stat = lstatSync(path, { bigint: true });
  const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = stat;
  const own = [path, ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs].join(' ');
  const names = stat.isDirectory() ? readdirSync(path).sort() : [];
  return [own, ...names.flatMap((name) => stateOf(join(path, name)))];
}

function fillForeign(directory: string): void {
  for (const inner of ['', 'group', 'storage/group', 'auth', 'data/storage', 'old', 'new'])
    mkdirSync(join(directory, inner), { recursive: true, mode: 0o700 });
  for (const name of ['chart.png', 'metadata.json', 'group/inner', 'storage/group/inner', 'auth/token.json'])
    writeFileSync(join(directory, name), 'of somebody else', { mode: 0o600 });
}

interface Arena {
  world: World;
  racer: RacingProcess;
  at(name: string): string;
  archive: string;
}

interface Round {
  way: Way;
  other: (typeof OTHERS)[number];
  rest: number | undefined;
  dieAt: number | undefined;
}

const roundOf = (n: number): Round => ({
  way: WAYS[n % WAYS.length]!,
  other: OTHERS[Math.floor(n / WAYS.length) % OTHERS.length]!,
  rest: [0, undefined, 0.2, 1][Math.floor(n / 3) % 4],
  dieAt: n % 3 === 0 ? Math.floor(n / 3) % 16 : undefined,
});

/** What is exchanged, made anew. */
function raceOf({ way, other, rest }: Round, { at }: Arena): Race {
  rmSync(at('spare'), { recursive: true, force: true });
  mkdirSync(at('spare'));
  const pairs = way.raced.map((directory, n) => {
    other(at(`spare/${n}`), at);
    return [at(directory), at(`spare/${n}`)] as const;
  });
  if (!way.work) return { pairs, ...(rest !== undefined && { rest }) };
  mkdirSync(at('spare/work/new/data'), { recursive: true });
  symlinkSync(at('foreign'), at('spare/work/new/data/storage'));
  symlinkSync(at('foreign'), at('spare/work/old'));
  const appearing = { directory: at('data'), prefix: '.gofr-restore-', other: at('spare/work') };
  return { pairs, appearing, ...(rest !== undefined && { rest }) };
}

/**
 * Every name has its own again, as far as it is there: what is not the other is it. Answers the pairs of which nobody knows,
 * because the restore took the other one for what was there: then the old data may have been exchanged for the new since.
 */
function putInOrder(others: Map<string, bigint>, race: Race): Pair[] {
  const open: Pair[] = [];
  const appeared = race.appearing;
  const pairs = [...(race.pairs ?? [])].reverse();
  if (appeared)
    for (const name of readdirSync(appeared.directory).filter((one) => one.startsWith(appeared.prefix)))
      pairs.push([join(appeared.directory, name), appeared.other]);
  for (const [own, other] of pairs) {
    const inode = others.get(other);
    if (inodeOf(own) === inode) {
      renameSync(own, `${other}.aside`);
      if (existsSync(other) && inodeOf(other) !== inode) renameSync(other, own);
    } else if (inodeOf(other) !== undefined && inodeOf(other) !== inode) {
      if (inodeOf(own) === undefined) renameSync(other, own);
      else open.push([own, other]);
    }
  }
  return open;
}

/**
 * The restore may have gone into the other directory, which was the component when it began: then each component is old or
 * new by itself.
 */
function eachOf(states: Set<string>): Set<string> {
  const parsed = [...states].map((state) => JSON.parse(state) as [string, unknown][]);
  let mixed: [string, unknown][][] = [[]];
  for (const component of ['data/auth', 'data/storage', 'logs']) {
    const parts = parsed.map((state) => state.filter(([path]) => path.startsWith(component)));
    mixed = mixed.flatMap((before) => parts.map((part) => [...before, ...part]));
  }
  return new Set(mixed.map((state) => JSON.stringify(state)));
}

async function expectWhole(states: Set<string>, open: Pair[], { world }: Arena, what: string): Promise<void> {
  const seen = [await dataOf(world)];
  for (const [own, other] of open) {
    if (states.has(seen.at(-1)!)) break;
    renameSync(own, `${other}.aside`);
    renameSync(other, own);
    seen.push(await dataOf(world));
  }
  expect(states.has(seen.at(-1)!), [what, ...seen].join('\n')).toBe(true);
}

const inodeOf = (path: string): bigint | undefined =>
  lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;

/**
 * Exchanges change the times of the directory they happen in, and what stood in the way is beside the data. The excluded file
 * is replaced with its directory when that was exchanged just as the restore looked for such files.
 */
async function dataOf(world: World): Promise<string> {
  const isCompared = (path: string): boolean => !path.includes('.found-') && !path.endsWith('/local');
  const all = Object.entries(await present(world)).filter(([path]) => isCompared(path));
  return JSON.stringify(
    all.map(([path, entry]) => {
      const { type } = entry as { type: string };
      return [path, type === 'directory' ? { ...(entry as object), mtime: undefined } : entry];
    }),
  );
}

const word = new Int32Array(new SharedArrayBuffer(4));
const pause = (): void => void Atomics.wait(word, 0, 0, 0.3);

/** A process that ends before a step, seen from the disk: nothing happens from then on. */
function dyingAt(at: number | undefined): () => void {
  let steps = 0;
  return () => {
    pause();
    if (at !== undefined && steps++ >= at) throw new Error('killed');
  };
}

async function nowIn({ world }: Arena): Promise<void> {
  await fill(world, NOW_TO_MERGE);
  writeFileSync(join(world.base, 'data/storage/group/local'), 'stays');
  const places = [join(world.base, 'data'), join(world.base, 'logs')];
  execFileSync('find', [...places, '-exec', 'touch', '-h', '-d', '@1750000000', '{}', '+']);
}

test.runIf(asRoot)(
  `nothing outside is touched in ${rounds} restores, and old data or new is there afterwards`,
  { timeout: 120_000 + rounds * 20_000 },
  async () => {
    const world = makeWorld();
    const at = (name: string): string => join(world.base, name);
    await using racer = new RacingProcess();
    await using _ = { [Symbol.asyncDispose]: () => world.dispose() };
    await fill(world, THEN);
    const archive = (await backup(world.ctx, { trigger: 'manual' })).backup.filename;
    const arena: Arena = { world, racer, at, archive };
    fillForeign(at('foreign'));
    const figure = { rounds, met: 0, hits: 0, hitsByPath: 0 };
    const whole = new Map<Way, Set<string>>();
    for (const way of WAYS) whole.set(way, await wholeStates(way, arena));
    for (let n = 0; n < rounds; n++) {
      const round = roundOf(n);
      await nowIn(arena);
      const before = stateOf(at('foreign')).join('\n');
      const run = () => race(round, arena);
      const { met, open } = await (n % 5 === 4 ? withoutNative(run) : run());
      if (met) figure.met++;
      if (stateOf(at('foreign')).join('\n') !== before) {
        figure.hits++;
        console.error(`round ${n}`, round);
      }
      const states = whole.get(round.way)!;
      await expectWhole(
        round.other === DIRECTORY ? eachOf(states) : states,
        open,
        arena,
        `round ${n}: ${JSON.stringify(round)}`,
      );
      expect(outside(world)).toEqual(OUTSIDE);
      if (await hitsByPath(arena)) figure.hitsByPath++;
    }
    recordRace('restore', figure);
    expect(figure.hits).toBe(0);
    expect(figure.met).toBeGreaterThan(0);
    expect(figure.hitsByPath).toBeGreaterThan(0);
  },
);

const OUTSIDE = ['backups', 'data', 'foreign', 'logs', 'spare'];
const outside = ({ base }: World): string[] =>
  readdirSync(base)
    .filter((name) => !name.includes('.found-'))
    .sort();

const requestOf = ({ request }: Way, { archive }: Arena): RestoreRequest => ({
  backup: archive,
  safetyBackup: false,
  ...request,
});

const contextOf = ({ exclude = [] }: Way, { world }: Arena) => contextFor({ ...world.plan, exclude });

/** The old data, and the new without any race. */
async function wholeStates(way: Way, arena: Arena): Promise<Set<string>> {
  await nowIn(arena);
  const old = await dataOf(arena.world);
  await restore(contextOf(way, arena), requestOf(way, arena));
  return new Set([old, await dataOf(arena.world)]);
}

/** Answers whether the race was met. Every error is one that people understand; the next command settles what is left. */
async function race(round: Round, arena: Arena): Promise<{ met: boolean; open: Pair[] }> {
  const { racer, world } = arena;
  const given = raceOf(round, arena);
  const names = [...(given.pairs ?? []).map(([, other]) => other), arena.at('spare/work')];
  const others = new Map(names.flatMap((name) => (existsOrLink(name) ? [[name, inodeOf(name)!]] : [])));
  const ctx = contextOf(round.way, arena);
  await racer.race(given);
  const failure = await restore(ctx, requestOf(round.way, arena), dyingAt(round.dieAt)).then(
    () => undefined,
    understood,
  );
  await recoverInterrupted(ctx, pause).catch(understood);
  await racer.race({});
  const open = putInOrder(others, given);
  await recoverInterrupted(ctx);
  const hidden = readdirSync(join(world.base, 'data')).filter((name) => name.startsWith('.'));
  expect(hidden, JSON.stringify(round)).toEqual([]);
  return { met: failure !== undefined && !failure.includes('killed'), open };
}

const existsOrLink = (path: string): boolean => inodeOf(path) !== undefined;

function understood(error: unknown): string {
  if (!(error instanceof BackupError)) throw error;
  const text = [error.message, error.why, error.hint].join('\n');
  expect(text).not.toContain('/proc/self/fd');
  return text;
}

/** A restore as a program does it that goes by paths, and follows no link that it sees. */
async function hitsByPath({ racer, at }: Arena): Promise<boolean> {
  for (const name of ['control/data/storage/group', 'control/work/storage/group', 'control/foreign/group'])
    mkdirSync(at(name), { recursive: true });
  for (const name of ['data/storage/group/inner', 'work/storage/group/inner', 'foreign/group/inner'])
    writeFileSync(at(`control/${name}`), name);
  symlinkSync(at('control/foreign'), at('control/link'));
  const before = stateOf(at('control/foreign')).join('\n');
  await racer.race({ pairs: [[at('control/data/storage'), at('control/link')]] });
  for (let attempt = 0; attempt < 5; attempt++)
    try {
      replaceByPath(at('control/work/storage'), at('control/data/storage'), at('control/work/old'));
    } catch {
      // another attempt
    }
  await racer.race({});
  const hit = stateOf(at('control/foreign')).join('\n') !== before;
  rmSync(at('control'), { recursive: true });
  return hit;
}

/** One level down, as where a directory cannot be renamed. */
function replaceByPath(staged: string, place: string, aside: string): void {
  if (!lstatSync(place).isDirectory()) return;
  mkdirSync(aside, { recursive: true });
  for (const name of readdirSync(place)) {
    pause();
    renameSync(join(place, name), join(aside, name));
    if (existsSync(join(staged, name))) renameSync(join(staged, name), join(place, name));
    chmodSync(place, 0o750);
    utimesSync(place, 1, 1);
  }
}
