/** One thing that is asked for, and what it may do. */
import { backupsIn } from './backups.ts';
import type { Project } from './project.ts';
import type { World } from './world-state.ts';

export interface Command {
  kind: string;
  words: string;
  project: Project;
  run(): Promise<unknown>;
  prunes: boolean;
  /** whether it may change the data of its project at all */
  restores: boolean;
  /** of a restore: where to, instead of into the data */
  to?: string;
  /** whether what lies at `path` may be lost, by the request's own words; `has`: an archive holds a file there */
  mayTake(path: string, has: (archivePath: string) => boolean): boolean;
}

export const make = (
  project: Project,
  kind: string,
  run: () => Promise<unknown>,
  more: Partial<Command> = {},
): Command => ({
  ...{ kind, project, run, prunes: false, restores: false, mayTake: () => false },
  ...more,
  words: `${project.name}: ${kind} ${more.words ?? ''}`,
});

/** Of a backup to restore or try. */
export function nameOfBackup(world: World, project: Project): string {
  const anybodys = world.draw.maybe(0.1);
  const named = backupsIn(world.backupDir).filter(
    ({ prefix, inTrash }) => !inTrash && (anybodys || prefix === project.prefix),
  );
  return named.length === 0 || world.draw.maybe(0.5) ? 'latest' : world.draw.pick(named).name;
}
