/**
 * Whose a backup is: the prefix of its name decides, and nothing else. All projects that write into one directory share
 * its manifest, so a record there proves nothing.
 */
import { prefixOf } from '../names.ts';
import type { RepositoryOptions } from '../options.ts';
import type { Scan } from './scan.ts';

/** Backups of another project. They are told of and never touched. */
export interface ForeignBackups {
  prefix: string;
  backups: number;
}
export interface Ownership {
  owns(prefix: string | undefined): boolean;
  foreign: ForeignBackups[];
}

/** What the first generation wrote, for whatever project. */
const FIRST_GENERATION = 'gofr';

export function ownership(
  { prefix: own, project }: Pick<RepositoryOptions, 'prefix' | 'project'>,
  scan: Pick<Scan, 'archives' | 'sidecars'>,
): Ownership {
  const prefixes = new Set([own]);
  const found = Map.groupBy(scan.archives, ({ name }) => name.prefix);
  if (!isAtWork(`gofr-${project}`, scan)) prefixes.add(`gofr-${project}`);
  if (isOnlyOurs(prefixes, [...found.keys()], scan)) prefixes.add(FIRST_GENERATION);
  return {
    owns: (prefix) => prefix !== undefined && prefixes.has(prefix),
    foreign: [...found]
      .filter(([prefix]) => !prefixes.has(prefix))
      .map(([prefix, archives]) => ({ prefix, backups: archives.length }))
      .sort((a, b) => (a.prefix < b.prefix ? -1 : 1)),
  };
}

/**
 * Backups of the first generation are adopted only by a project that is alone in the directory: beside another
 * project their owner is unknown.
 */
function isOnlyOurs(own: ReadonlySet<string>, found: string[], scan: Pick<Scan, 'sidecars'>): boolean {
  if (found.some((prefix) => prefix !== FIRST_GENERATION && !own.has(prefix))) return false;
  return !isAtWork(FIRST_GENERATION, scan);
}

/** The first generation wrote no index: one shows that a service with this very PREFIX writes here, of any project. */
const isAtWork = (prefix: string, { sidecars }: Pick<Scan, 'sidecars'>): boolean =>
  sidecars.some(({ kind, archive }) => kind === '.idx' && prefixOf(archive) === prefix);
