/** Links an application plants where a directory belongs. */
import { existsSync, lstatSync, mkdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from './project.ts';
import type { World } from './world-state.ts';

/** In place of a directory of ours, to where it must not be followed. */
export function plantLink(world: World, project: Project): string | undefined {
  const name = world.draw.pick([
    '.gofr-backup/scratch',
    '.gofr-backup/trash',
    '.gofr-backup',
    'daily',
    'weekly',
    'monthly',
  ]);
  const target = world.draw.pick([join(world.victim, 'keep'), world.victim, project.roots['data/auth']!]);
  return planted(world, join(world.backupDir, name), target);
}

/** Of a component, as an application may do; not of one that holds what cannot be moved. */
export function plantRoot(world: World, project: Project): string | undefined {
  const roots = Object.values(project.roots).filter((root) => !world.backupDir.startsWith(`${root}/`));
  const others = world.projects.flatMap((one) => (one === project ? [] : Object.values(one.roots)));
  const target = world.draw.pick([
    join(world.victim, 'keep'),
    join(world.backupDir, 'daily'),
    world.backupDir,
    ...others,
  ]);
  return planted(world, world.draw.pick(roots), target);
}

function planted(world: World, place: string, target: string): string | undefined {
  if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  const aside = join(world.base, `aside-${world.written++}`);
  const wasThere = existsSync(place);
  if (wasThere) renameSync(place, aside);
  mkdirSync(join(place, '..'), { recursive: true });
  symlinkSync(target, place);
  world.undo.push(() => {
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(place);
    if (wasThere && !existsSync(place)) renameSync(aside, place);
  });
  return `${place} is a link to ${target}`;
}
