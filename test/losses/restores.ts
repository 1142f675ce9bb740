/** Restores of every kind, with what each may take away because it was asked to. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { restore } from '@gofr-backup/core';
import type { RestoreRequest } from '@gofr-backup/model';
import { type Command, make, nameOfBackup } from './command.ts';
import { planOf, type Project } from './project.ts';
import type { World } from './world-state.ts';
import { contextOf, placeOf } from './world.ts';

export function makeRestore(world: World, project: Project): Command {
  const { draw } = world;
  const request: RestoreRequest = { backup: nameOfBackup(world, project) };
  if (draw.maybe(0.2)) request.only = [draw.pick(['storage', 'auth', 'logs', 'metadata'])];
  if (draw.maybe(0.2))
    request.paths = [
      draw.pick(['data/storage/cache', 'data/storage/deep', 'data', 'logs', 'data/auth/a.txt']),
    ];
  if (draw.maybe(0.3)) request.merge = true;
  if (draw.maybe(0.25)) request.to = target(world, project);
  if (draw.maybe(0.1)) request.dryRun = true;
  if (draw.maybe(0.3)) request.safetyBackup = false;
  const mayTake = request.dryRun ? () => false : taking(world, project, request);
  return make(project, 'restore', () => restore(contextOf(world, project), request), {
    ...{ words: JSON.stringify(request), restores: !request.dryRun, mayTake },
    ...(request.to === undefined ? {} : { to: request.to }),
  });
}

function target(world: World, project: Project): string {
  const { draw, base, victim, waysToBackups } = world;
  const full = join(base, 'to', `full-${world.written++}`);
  mkdirSync(join(full, 'data/storage/a.txt/deep'), { recursive: true });
  mkdirSync(join(full, 'data/storage/old'), { recursive: true });
  for (const place of ['data/storage/a.txt/deep/kept', 'data/storage/old/kept', 'logs', 'kept'])
    writeFileSync(join(full, place), `${place} of --to`);
  if (draw.maybe(0.3)) symlinkSync(victim, join(full, 'data/auth'));
  return draw.pick([
    full,
    full,
    join(base, 'to/new', String(world.written)),
    ...waysToBackups.map((way) => `${way}/daily`),
    waysToBackups.at(-1)!,
    `${project.roots['data/auth']}/to`,
  ]);
}

/** A safety backup holds what a restore replaces; without one, what it is asked to replace is gone. */
function taking(
  world: World,
  project: Project,
  { to, merge, safetyBackup, only, paths }: RestoreRequest,
): Command['mayTake'] {
  if (to !== undefined) return (path, has) => path.startsWith(`${to}/`) && has(path.slice(to.length + 1));
  if (safetyBackup !== false) return () => false;
  const { components } = planOf(project);
  return (path, has) => {
    const { archivePath = '', project: owner } = placeOf(world, path) ?? {};
    if (owner !== project || project.excludes.some(({ takes }) => takes(archivePath))) return false;
    if (paths !== undefined && !paths.some((one) => isWithin(archivePath, one))) return false;
    const isMetadata = /(^|[/.])metadata\.json$/.test(archivePath);
    const holder = components.find(
      (one) =>
        isWithin(archivePath, one.archivePath) &&
        (one.select === 'all' || isMetadata === (one.select === 'metadata-only')),
    );
    if (holder === undefined) return false;
    const layOver =
      merge === true || holder.select === 'metadata-only' || only?.includes('metadata') === true;
    if (only !== undefined && !only.includes(holder.name) && !(only.includes('metadata') && isMetadata))
      return false;
    return !layOver || has(archivePath);
  };
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${directory}/`);
