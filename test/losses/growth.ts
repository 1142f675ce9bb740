/** What the services do to their data between two commands. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type Draw, weighted } from '../draw.ts';
import { mountsIn } from './mounts.ts';
import { bytes, identityOf, type Items, photograph } from './photograph.ts';
import type { Project } from './project.ts';
import type { Habits, World } from './world-state.ts';

const ORDINARY = ['a.txt', 'b.bin', 'keep.tmp', 'metadata.json', 'cache', 'old', 'deep'];
/** A character a byte: the ones above 0x7f are not UTF-8. */
const NASTY = [
  ...[
    'c.tmp',
    'd.metadata.json',
    'new\nline',
    'lat\xe9in',
    '\xc3\xa9',
    '[c]ache',
    'st*r',
    'wh?t',
    'back\\slash',
  ],
  ...[' space ', '-dash', '{a,b}', '!bang', '#hash', '.hidden', '.gofr-backup', '.gofr-restore-x', 'daily'],
  ...['.tmp-0123456789ab-a', 'gofr-plot_daily_20251201_020000.tar.gz', 'manifest.json'],
];
/** As a restore's own would be called. */
export const WORK_DIRECTORY = '.gofr-restore-0123456789abcdef';
/** Seconds since the epoch; the last one is after what 63 bits of nanoseconds hold. */
const TIMES = [-86_400, 0, 1_600_000_000.5, 4_102_444_800, 10_000_000_000];
const LONGEST = 400;

export function habitsOf(draw: Draw, base: string, waysToBackups: string[]): Habits {
  const names = [
    ...ORDINARY,
    ...NASTY.filter(() => draw.maybe(0.3)),
    ...(draw.maybe(0.08) ? [WORK_DIRECTORY] : []),
  ];
  const victim = `${base}/victim`;
  const outward = [
    `${victim}/all`,
    `${victim}/keep`,
    '../../victim/keep/this',
    '/dev/stdout',
    ...waysToBackups.map((way) => `${way}/daily`),
  ];
  const targets = ['nowhere', 'a.txt', 'old', `${base}/logs`, ...(draw.maybe(0.4) ? outward : [])];
  return { names, targets, times: TIMES.slice(0, draw.maybe(0.2) ? TIMES.length : -1) };
}

export function grow(world: World, project: Project, changes: number): void {
  for (let n = 0; n < changes; n++) {
    const root = world.draw.pick(Object.values(project.roots));
    if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory()) change(world, root);
  }
}

function change(world: World, root: string): void {
  const { draw } = world;
  const items = photograph(root, (_, stats) => identityOf(stats) === world.backupIdentity);
  const place = freePlace(world, root, items);
  if (place === undefined) return;
  const action = weighted(draw, [
    [10, () => write(world, place)],
    [3, () => mkdirSync(bytes(place))],
    [2, () => symlinkSync(bytes(draw.pick(world.habits.targets)), bytes(place))],
    [1, () => link(draw, items, place)],
    [1, () => fifo(place)],
    [2, () => {}],
  ]);
  rmSync(bytes(place), { recursive: true, force: true });
  action();
}

/** Where something is made in place of what is there: nothing that is mounted or BACKUP_DIR, nor is one of these below. */
function freePlace(
  { draw, base, habits, waysToBackups }: World,
  root: string,
  items: Items,
): string | undefined {
  const stays = [...waysToBackups, ...mountsIn(base)];
  const parents = [...items].filter(
    ([path, { kind }]) => kind === 'directory' && !waysToBackups.includes(path),
  );
  const parent = draw.maybe(0.4) ? root : draw.pick(parents)[0];
  const place = `${parent}/${draw.pick(habits.names)}`;
  const isFree = !stays.some((one) => one === place || one.startsWith(`${place}/`));
  return isFree && place.length < LONGEST ? place : undefined;
}

function write(world: World, place: string): void {
  const text = `${world.written++} ${place} `.repeat(1 + world.draw.below(40));
  writeFileSync(bytes(place), text);
  if (world.draw.maybe(0.1)) chmodSync(bytes(place), 0o600);
  if (world.draw.maybe(0.2)) {
    const time = world.draw.pick(world.habits.times);
    lutimesSync(bytes(place), time, time);
  }
}

/** Under a name of its own: what a restore does where the archive has a file of that name is not the question here. */
function fifo(place: string): void {
  const parent = bytes(place.slice(0, place.lastIndexOf('/')));
  const sibling = Buffer.concat([parent, Buffer.from('/events.pipe')]);
  if (!existsSync(sibling)) execFileSync('sh', ['-c', `mkfifo "$(printf '${octal(sibling)}')"`]);
}

/** For printf(1): arguments of a process are text here, and names are bytes. */
const octal = (name: Buffer): string =>
  [...name].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/** Not across file systems. */
function link(draw: Draw, items: Items, place: string): void {
  const home = lstatSync(bytes(place.slice(0, place.lastIndexOf('/')))).dev;
  const files = [...items].filter(
    ([path, { kind }]) => kind === 'file' && path !== place && !path.startsWith(`${place}/`),
  );
  const near = files.filter(([path]) => lstatSync(bytes(path)).dev === home);
  if (near.length > 0) linkSync(bytes(draw.pick(near)[0]), bytes(place));
}
