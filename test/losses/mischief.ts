/** What the application, an operator or a disk does to what lies there, between two commands. */
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { weighted } from '../draw.ts';
import { EXCLUDES } from './excludes.ts';
import { type Backup, backupsIn } from './backups.ts';
import { bytes, photograph } from './photograph.ts';
import type { Project } from './project.ts';
import type { World } from './world-state.ts';

import { plantLink, plantRoot } from './plants.ts';

const DAY = 86_400_000;

/** Answers what was done, in words. */
export function mischief(world: World, project: Project): string | undefined {
  const deeds: [number, (world: World, project: Project) => string | undefined][] = [
    [3, damage],
    [2, tamper],
    [3, plantLink],
    [2, plantRoot],
    [1, loseManifest],
    [1, leaveFile],
    [2, clockAhead],
    [1, clockBack],
    [4, otherExcludes],
    [2, otherComponents],
  ];
  return weighted(world.draw, deeds)(world, project);
}

function damage(world: World): string | undefined {
  const backups = backupsIn(world.backupDir).filter(({ path }) => lstatSync(path).size > 0);
  if (backups.length === 0) return undefined;
  const hurt = world.draw.pick(backups);
  const content = readFileSync(hurt.path);
  const at = world.draw.below(content.length);
  content[at]! ^= 1 << world.draw.below(8);
  writeFileSync(hurt.path, content);
  if (world.draw.maybe(0.3)) truncateSync(hurt.path, at);
  condemn(world, hurt);
  return `${hurt.name} is damaged`;
}

function tamper(world: World): string | undefined {
  const backups = backupsIn(world.backupDir).filter(({ inTrash }) => !inTrash);
  if (backups.length === 0) return undefined;
  const chosen = world.draw.pick(backups);
  const suffix = world.draw.pick(['.sha256', '.idx', '.json']);
  const sidecar = chosen.path + suffix;
  rmSync(sidecar, { force: true, recursive: true });
  const [how, make] = world.draw.pick<[string, () => void]>([
    ['is gone', () => {}],
    ['is garbage', () => writeFileSync(sidecar, 'garbage')],
    ['is a directory', () => mkdirSync(sidecar)],
    ['is a link to the victim', () => symlinkSync(join(world.victim, 'all'), sidecar)],
  ]);
  make();
  if (suffix === '.sha256') condemn(world, chosen);
  return `${chosen.name}${suffix} ${how}`;
}

/** The names of one file are damaged together, also those in a tier that a planted link hides at the moment. */
function condemn(world: World, { path: hurt }: Backup): void {
  const { ino } = lstatSync(hurt);
  for (const path of photograph(world.base, () => false).keys())
    if (lstatSync(bytes(path)).ino === ino) world.damaged.add(basename(path));
}

function loseManifest(world: World): string {
  const path = join(world.backupDir, 'manifest.json');
  rmSync(path, { force: true });
  if (world.draw.maybe(0.5)) writeFileSync(path, '{"backups": {"gofr-plot');
  return 'manifest.json lost';
}

function leaveFile(world: World): string {
  const name = world.draw.pick([
    'notes.txt',
    'daily/notes.txt',
    'daily/.hidden/deep',
    'weekly/someone_weekly_20240101_000000.tar.gz',
  ]);
  const path = join(world.backupDir, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `somebody's ${world.written++}`);
  return `${name} left in BACKUP_DIR`;
}

/** Wrong until the next undo. */
function clockAhead(world: World): string {
  const { clock } = world;
  const days = world.draw.pick([1, 30, 400, 3650]);
  const was = clock.now();
  clock.jump(was + days * DAY);
  world.undo.push(() => clock.jump(was));
  return `the clock is ${days} days ahead`;
}

function clockBack(world: World): string {
  const days = world.draw.pick([1, 5]);
  world.clock.jump(world.clock.now() - days * DAY);
  return `the clock is ${days} days back`;
}

function otherExcludes({ draw }: World, project: Project): string {
  project.excludes = [draw.pick(EXCLUDES)];
  if (draw.maybe(0.2)) project.excludes = [];
  return `${project.name} excludes ${project.excludes.map(({ pattern }) => pattern).join(',') || 'nothing'}`;
}

function otherComponents({ draw }: World, project: Project): string {
  for (const name of ['STORAGE', 'AUTH', 'LOGS', 'METADATA'])
    project.settings[`INCLUDE_${name}`] = String(draw.maybe(0.8));
  if (
    !Object.entries(project.settings).some(([key, value]) => key.startsWith('INCLUDE_') && value === 'true')
  )
    project.settings['INCLUDE_LOGS'] = 'true';
  return `${project.name} has ${Object.entries(project.settings)
    .filter(([key, value]) => key.startsWith('INCLUDE_') && value === 'true')
    .map(([key]) => key.slice(8).toLowerCase())
    .join(', ')}`;
}
