/** What a disk, a person or an intruder does to a store or to a host between two operations. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { objectsIn } from './oracle.fixture.ts';
import type { World } from './world.fixture.ts';

const MINUTE = 60_000;
const YEAR = 365 * 86_400_000;

/** Answers what was done, in words. */
type Deed = (world: World) => string | undefined;

const DEEDS: Deed[] = [
  (world) => hurtObject(world, 'packs'),
  (world) => hurtObject(world, 'packs'),
  (world) => hurtObject(world, 'recipes'),
  (world) => hurtObject(world, 'index'),
  (world) => hurtObject(world, 'trash'),
  loseCache,
  hurtCache,
  clocksApart,
  loseArchives,
  leaveFile,
  loseFormat,
];

export const drawDeed = (world: World): string | undefined => world.dice.pick(DEEDS)(world);

function hurtObject(world: World, part: string): string | undefined {
  const names = objectsIn(world, part);
  if (names.length === 0) return undefined;
  const name = world.dice.pick(names);
  const [how, bytes] = hurt(world, world.objects.get(name)!);
  if (bytes === undefined) world.objects.delete(name);
  else world.objects.set(name, bytes);
  return `${how} ${name}`;
}

/** Undefined: lost. */
function hurt({ dice }: World, whole: Buffer): [how: string, bytes: Buffer | undefined] {
  const at = dice.below(Math.max(1, whole.length));
  const how = dice.pick(['flipped', 'truncated', 'lost'] as const);
  if (how === 'truncated') return [how, whole.subarray(0, at)];
  // nothing can be flipped where there is nothing
  if (how === 'lost' || whole.length === 0) return ['lost', undefined];
  const bytes = Buffer.from(whole);
  bytes[at]! ^= 1 << dice.below(8);
  return [how, bytes];
}

function loseCache({ dice, hosts }: World): string {
  const { offsite } = dice.pick(hosts);
  rmSync(offsite.cacheDir, { recursive: true, force: true });
  return `lost cache of ${offsite.host}`;
}

function hurtCache(world: World): string | undefined {
  const { offsite } = world.dice.pick(world.hosts);
  if (!existsSync(offsite.cacheDir)) return undefined;
  const files = readdirSync(offsite.cacheDir, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  if (files.length === 0) return undefined;
  const { parentPath, name } = world.dice.pick(files);
  const path = join(parentPath, name);
  const [how, bytes] = hurt(world, readFileSync(path));
  rmSync(path);
  if (bytes !== undefined) writeFileSync(path, bytes);
  return `${how} ${name} in the cache of ${offsite.host}`;
}

/** Until the next operation is over. */
function clocksApart(world: World): string {
  world.apart = world.dice.pick([YEAR, -YEAR, 6 * MINUTE, -6 * MINUTE]);
  return `the clock of the store is ${world.apart / MINUTE} minutes off`;
}

/** What a copy needs of earlier archives is gone here. */
function loseArchives({ made }: World): string {
  const older = [...made.values()].slice(0, -1);
  for (const { archivePath } of older) rmSync(archivePath, { force: true });
  return 'all archives but the newest are gone here';
}

function leaveFile({ dice, objects }: World): string {
  const name = dice.pick(['packs/notes.txt', 'recipes/daily/notes.txt', 'trash/notes.txt', 'index/notes']);
  objects.set(`plot/${name}`, Buffer.from('somebody else’s'));
  return `${name} left in the store`;
}

function loseFormat({ objects }: World): string {
  objects.delete('plot/format.json');
  return 'format.json lost';
}
