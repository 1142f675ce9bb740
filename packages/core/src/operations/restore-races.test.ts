/**
 * Restores while a process exchanges directories of the data for links to a foreign one, and for other things. Nothing outside
 * is made, removed or changed, and afterwards there is the old data or the new.
 */
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
import { withoutNative } from '@gofr-backup/posix';
import { type Pair, type Race, RacingProcess, raceRounds, recordRace } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { backup } from './backup.ts';
import {
  contextOf,
  existsOrLink,
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
import { recoverInterrupted } from './recover.ts';
import { restore } from './restore.ts';
import { fill, makeWorld, THEN, type World } from './restoring.fixture.ts';

const asRoot = process.getuid?.() === 0;
const rounds = raceRounds(24, 40);

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
  mkdirSync(at('spare/stage/new/data'), { recursive: true });
  symlinkSync(at('foreign'), at('spare/stage/new/data/storage'));
  symlinkSync(at('foreign'), at('spare/stage/old'));
  const appearing = { directory: at('data'), prefix: '.gofr-restore-', other: at('spare/stage') };
  return { pairs, appearing, ...(rest !== undefined && { rest }) };
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
    for (const way of WAYS) whole.set(way, await wholeStates(way, world, archive));
    for (let n = 0; n < rounds; n++) {
      const round = roundOf(n);
      await nowIn(world);
      const before = stateOf(at('foreign')).join('\n');
      const run = () => race(round, arena);
      const { met, open } = await (n % 5 === 4 ? withoutNative(run) : run());
      if (met) figure.met++;
      if (stateOf(at('foreign')).join('\n') !== before) {
        figure.hits++;
        const after = stateOf(at('foreign'));
        const changed = after.filter((line) => !before.split('\n').includes(line));
        console.error(`round ${n}`, JSON.stringify(round), changed);
      }
      const states = whole.get(round.way)!;
      await expectWhole(
        statesAfter(states, round.way, round.other),
        open,
        world,
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

/** Answers whether the race was met. Every error is one that people understand; the next command settles what is left. */
async function race(round: Round, arena: Arena): Promise<{ met: boolean; open: Pair[] }> {
  const { racer, world } = arena;
  const own = ownOf(round.way, world);
  const given = raceOf(round, arena);
  const names = [...(given.pairs ?? []).map(([, other]) => other), arena.at('spare/stage')];
  const others = new Map(names.flatMap((name) => (existsOrLink(name) ? [[name, inodeOf(name)!]] : [])));
  const ctx = contextOf(round.way, world);
  await racer.race(given);
  const failure = await restore(ctx, requestOf(round.way, arena.archive), {
    step: dyingAt(round.dieAt),
  }).then(() => undefined, understood);
  await recoverInterrupted(ctx, pause).catch(understood);
  await racer.race({});
  const open = putInOrder(own, others, given, world);
  await settleWhereItWent(ctx, given.pairs ?? []);
  const hidden = readdirSync(join(world.base, 'data')).filter((name) => name.startsWith('.'));
  expect(hidden, JSON.stringify(round)).toEqual([]);
  return { met: failure !== undefined && !failure.includes('killed'), open };
}

/** A restore as a program does it that goes by paths, and follows no link that it sees. */
async function hitsByPath({ racer, at }: Arena): Promise<boolean> {
  for (const name of ['control/data/storage/group', 'control/stage/storage/group', 'control/foreign/group'])
    mkdirSync(at(name), { recursive: true });
  for (const name of ['data/storage/group/inner', 'stage/storage/group/inner', 'foreign/group/inner'])
    writeFileSync(at(`control/${name}`), name);
  symlinkSync(at('control/foreign'), at('control/link'));
  const before = stateOf(at('control/foreign')).join('\n');
  await racer.race({ pairs: [[at('control/data/storage'), at('control/link')]] });
  for (let attempt = 0; attempt < 5; attempt++)
    try {
      replaceByPath(at('control/stage/storage'), at('control/data/storage'), at('control/stage/old'));
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
