/** Two projects, one backup directory somewhere between their data, and a directory that is nobody's business. */
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { noProgress, type OperationContext, silentLogger } from '@gofr-backup/model';
import { FAST, fakeClock } from '@gofr-backup/testing';
import type { Draw } from '../draw.ts';
import { habitsOf } from './growth.ts';
import { mount, unmountAll } from './mounts.ts';
import { identityOf } from './photograph.ts';
import { makeProject, planOf, type Project } from './project.ts';
import type { World } from './world-state.ts';

/** Where BACKUP_DIR is, and by which other way it is reached. */
interface Place {
  at: string;
  /** what the settings call it, when that is no name of its own */
  as?: string;
  link?: { at: string; to: string };
  /** where it is mounted once more */
  mirror?: string;
}

const PLACES: Record<string, Place> = {
  outside: { at: 'backups' },
  inside: { at: 'data/storage/backups' },
  'under a nasty name': { at: 'data/storage/+(b)@[c]! {d,e}' },
  'inside, named by a link': {
    at: 'data/storage/deep/own',
    as: 'way',
    link: { at: 'way', to: 'data/storage/deep/own' },
  },
  'inside DATA_DIR, a link': {
    at: 'data/storage/backups',
    as: 'way/storage/backups',
    link: { at: 'way', to: 'data' },
  },
  'mounted in a component': { at: 'backups', mirror: 'data/storage/mirror' },
};
const DIRECTORIES = [
  ...['data/storage', 'data/auth', 'logs', 'dig/data/storage', 'dig/data/auth', 'dig/logs', 'victim/keep'],
];

export function makeWorld(draw: Draw, canMount: boolean): World {
  const base = mkdtempSync(join(FAST, 'losses-'));
  const at = (name: string): string => join(base, name);
  const [words, place] = draw.pick(
    Object.entries(PLACES).filter(([, { mirror }]) => canMount || mirror === undefined),
  );
  for (const directory of [...DIRECTORIES, place.at]) mkdirSync(at(directory), { recursive: true });
  for (const name of ['victim/all', 'victim/keep/this']) writeFileSync(at(name), `${name} as it was`);
  if (place.link) symlinkSync(at(place.link.to), at(place.link.at));
  if (place.mirror !== undefined) mount(['--bind', at(place.at)], at(place.mirror));
  if (canMount && draw.maybe(0.25))
    mount(['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs'], at('data/storage/mounted'));
  const dataDir = at(place.as?.includes('/') ? 'way' : 'data');
  const shared = { BACKUP_DIR: at(place.as ?? place.at) };
  const waysToBackups = [place.at, place.as, place.mirror].flatMap((way) =>
    way === undefined ? [] : at(way),
  );
  return {
    ...{ base, draw, waysToBackups, backupDir: at(place.at), victim: at('victim') },
    backupIdentity: identityOf(lstatSync(at(place.at), { bigint: true })),
    projects: [
      makeProject({ name: 'plot', prefix: 'gofr-plot', home: base, dataDir, shared, draw }),
      makeProject({
        name: 'dig',
        prefix: draw.pick(['gofr-dig', 'gofr', 'gofr-plot-2']),
        home: at('dig'),
        shared,
        draw,
      }),
    ],
    clock: fakeClock('2025-11-20T02:00:00Z'),
    habits: habitsOf(draw, base, waysToBackups),
    ...{ damaged: new Set(), pinned: new Set(), trashedAt: new Map(), undo: [], written: 0 },
    log: [`BACKUP_DIR ${words}`],
  };
}

export const contextOf = (world: World, project: Project): OperationContext => ({
  ...{ plan: planOf(project), clock: world.clock, owner: 'the random suite' },
  ...{ logger: silentLogger, progress: noProgress, signal: new AbortController().signal },
});

/** Of a path on disk: which project it belongs to, and its path in that one's archives. */
export function placeOf(world: World, path: string): { project: Project; archivePath: string } | undefined {
  for (const candidate of world.projects)
    for (const [archivePath, root] of Object.entries(candidate.roots))
      if (path === root || path.startsWith(`${root}/`))
        return { project: candidate, archivePath: archivePath + path.slice(root.length) };
  return undefined;
}

export function endWorld({ base }: World): void {
  unmountAll(base);
  rmSync(base, { recursive: true, force: true });
}
