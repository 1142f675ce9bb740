/** One life of a place in a store, by chance; answers what was lost, or wrong. */
import { copyToStore } from '../copy/copy.ts';
import { pruneStore } from '../prune/prune.ts';
import { verifyStore } from '../verify/verify.ts';
import { drawDeed } from './deeds.fixture.ts';
import { backup, type Done, drawOperation, KEPT, POLICY } from './operations.fixture.ts';
import { fetched, objectsIn, type Truth, truthOf } from './oracle.fixture.ts';
import type { Pool } from './pool.fixture.ts';
import { makeWorld, type World } from './world.fixture.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const STEPS = 12;

export interface Round {
  seed: number;
  log: string[];
  wrong: string[];
  ends: { kind: string; code: string }[];
  deeds: number;
  /** troubles that came to pass */
  troubles: number;
  /** copies that came back, and were compared */
  restored: number;
}

export async function playRound(seed: number, directory: string, pool: Pool): Promise<Round> {
  const world = await makeWorld(seed, directory, pool);
  const round: Round = { seed, log: world.log, wrong: [], ends: [], deeds: 0, troubles: 0, restored: 0 };
  await goodCopy(world, round);
  for (let n = 0; n < STEPS && round.wrong.length === 0; n++) await step(world, round);
  if (round.wrong.length === 0) await endOf(world, round);
  return round;
}

async function step(world: World, round: Round): Promise<void> {
  const { dice, clock, log } = world;
  clock.advance(dice.pick([MINUTE, 60 * MINUTE, DAY + MINUTE, 2 * DAY]));
  if (dice.maybe(0.3)) await deed(world, round);
  const line = log.length;
  const done = await drawOperation(world);
  log.splice(line, 0, `${done.kind}: ${done.code}`);
  round.ends.push({ kind: done.kind, code: done.code });
  if (log.length > line + 1) round.troubles++;
  world.apart = 0;
  round.wrong.push(...done.wrong, ...(await judge(world, round, done)));
  if (round.wrong.length === 0 && dice.maybe(0.6)) await goodCopy(world, round);
}

async function deed(world: World, round: Round): Promise<void> {
  const words = drawDeed(world);
  if (words === undefined) return;
  world.log.push(words);
  round.deeds++;
  const { intact, broken } = await truthOf(world);
  for (const filename of world.committed) if (!intact.has(filename)) world.hurt.add(filename);
  world.hurtPacks = new Set([...broken.values()].flat());
}

/** Nothing committed is lost, and one of the copies comes back. */
async function judge(world: World, round: Round, { removed }: Pick<Done, 'removed'>): Promise<string[]> {
  const { committed, hurt, dice } = world;
  const truth = await truthOf(world);
  // until it is read back nobody knows that a pack has other bytes, and a new copy may name it
  for (const [filename, bad] of truth.broken)
    if (bad.length > 0 && bad.every((sha256) => world.hurtPacks.has(sha256))) hurt.add(filename);
  const lost = [...committed].filter(
    (filename) => !truth.intact.has(filename) && !hurt.has(filename) && !removed.has(filename),
  );
  for (const filename of removed) if (!truth.intact.has(filename)) committed.delete(filename);
  for (const filename of hurt) if (truth.intact.has(filename)) hurt.delete(filename);
  const all = [...truth.copies.copies];
  const sample = all.length === 0 ? [] : [dice.pick(all)];
  return [...lost.map((filename) => `LOST ${filename}`), ...(await comeBack(world, round, truth, sample))];
}

async function comeBack(
  world: World,
  round: Round,
  { copies, intact }: Truth,
  chosen: readonly (typeof copies.copies)[number][],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const copy of chosen) {
    const { filename } = copy.name;
    const came = await fetched(world, copies, copy);
    const { sha256 } = world.made.get(filename)!;
    // without encryption the damage may lie in what this copy does not need of a pack
    const isRight = came === sha256 || (came === 'ARCHIVE_DAMAGED' && !intact.has(filename));
    if (!isRight) wrong.push(`${filename} CAME BACK as ${came}, not ${sha256}`);
    round.restored++;
  }
  return wrong;
}

/** Whatever happened: the store is looked at, as it is once a day, and the next copy is whole. */
async function goodCopy(world: World, round: Round): Promise<void> {
  const { writer, committed } = world;
  if (committed.size > 0) await rightVerdicts(world, round);
  const request = backup(world, writer);
  const { filename } = request.entry;
  try {
    await copyToStore(writer.offsite, request);
    committed.add(filename);
    world.log.push(`next copy: done ${filename}`);
    const { intact } = await truthOf(world);
    if (!intact.has(filename)) round.wrong.push(`NOT WHOLE ${filename}`);
  } catch (error) {
    const { message, code, why } = error as { message: string; code?: string; why?: string };
    round.wrong.push(`NEXT COPY ${code} ${message}: ${why}`);
  }
}

/** A verify tells of all that is broken, and of nothing else. */
async function rightVerdicts(world: World, round: Round): Promise<void> {
  const { results } = await verifyStore(world.writer.offsite, { share: 1 });
  const { intact, broken } = await truthOf(world);
  const bad = new Set(results.filter(({ ok }) => !ok).map(({ filename }) => filename));
  const missed = [...broken.keys()].filter((filename) => !bad.has(filename));
  const slandered = [...bad].filter((filename) => intact.has(filename));
  round.wrong.push(
    ...missed.map((name) => `NOT TOLD ${name}`),
    ...slandered.map((name) => `SLANDERED ${name}`),
  );
}

/** What is hurt is healed or out of the way; then prunes leave what retention keeps, and nothing beside it. */
async function endOf(world: World, round: Round): Promise<void> {
  await goodCopy(world, round);
  const before = await truthOf(world);
  round.wrong.push(...(await comeBack(world, round, before, before.copies.copies)));
  if (before.copies.unread.length > 0) return;
  // lists of copies that were killed count for a week
  for (let day = 0; day < 12; day += 2) {
    world.clock.advance(2 * DAY + MINUTE);
    const { held } = await pruneStore(world.writer.offsite, { policy: POLICY, dryRun: false, force: true });
    if (held !== undefined && !/cannot be read/.test(held)) round.wrong.push(`HELD ${held}`);
    if (held !== undefined) return;
  }
  const { intact, copies } = await truthOf(world);
  if (intact.size < Math.min(KEPT, before.intact.size)) round.wrong.push(`KEPT only ${intact.size}`);
  round.wrong.push(...leftovers(world, copies.copies));
}

function leftovers(world: World, copies: Truth['copies']['copies']): string[] {
  const named = new Set(copies.flatMap(({ recipe }) => recipe.packs.map(({ sha256 }) => sha256)));
  const packs = objectsIn(world, 'packs').map((path) => /([0-9a-f]{64})\.pack/.exec(path)?.[1]);
  const left = packs.filter((sha256) => sha256 !== undefined && !named.has(sha256));
  return left.map((sha256) => `LEFT ${sha256}`);
}
