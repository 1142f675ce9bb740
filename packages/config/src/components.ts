import path from 'node:path';
import type { BackupPlan } from '@gofr-backup/model';
import type { Values } from './settings.ts';

export type Component = BackupPlan['components'][number];

type Sources = Pick<
  Values,
  | 'paths'
  | 'dataDir'
  | 'logsDir'
  | 'backupDir'
  | 'includeStorage'
  | 'includeAuth'
  | 'includeLogs'
  | 'includeMetadata'
>;

/** What to back up and where it lies in the archive; see `conflicts` for what may be wrong with it. */
export function componentsOf(values: Sources): Component[] {
  return values.paths === undefined
    ? standard(values)
    : values.paths.map((item) => named(item, values.dataDir));
}

function standard(values: Sources): Component[] {
  const components: Component[] = [];
  const storage = path.join(values.dataDir, 'storage');
  if (values.includeStorage) {
    const select = values.includeMetadata ? 'all' : 'without-metadata';
    components.push({ name: 'storage', root: storage, archivePath: 'data/storage', select });
  } else if (values.includeMetadata) {
    components.push({
      name: 'metadata',
      root: storage,
      archivePath: 'data/storage',
      select: 'metadata-only',
    });
  }
  if (values.includeAuth) {
    const root = path.join(values.dataDir, 'auth');
    components.push({ name: 'auth', root, archivePath: 'data/auth', select: 'all' });
  }
  if (values.includeLogs) {
    components.push({ name: 'logs', root: values.logsDir, archivePath: 'logs', select: 'all' });
  }
  return components;
}

function named(item: { name: string; path: string }, dataDir: string): Component {
  const root = path.resolve(dataDir, item.path);
  const inside = relativeInside(dataDir, root);
  const archivePath = inside === undefined ? item.name : path.posix.join('data', inside);
  return { name: item.name, root, archivePath, select: 'all' };
}

/** The path of `child` below `parent` (`''` for itself), undefined when it is not inside. */
export function relativeInside(parent: string, child: string): string | undefined {
  const relative = path.relative(parent, child);
  const outside = relative === '..' || relative.startsWith('../') || path.isAbsolute(relative);
  return outside ? undefined : relative;
}

/**
 * Why these components cannot be archived together: two hold the same files, two overlap in the archive (a restore
 * swaps each by rename), or one is the backup directory itself.
 */
export function conflicts(components: Component[], backupDir: string): string[] {
  const reasons: string[] = [];
  for (const [index, one] of components.entries()) {
    if (relativeInside(backupDir, one.root) !== undefined) {
      reasons.push(`\`${one.name}\` (${one.root}) lies inside BACKUP_DIR (${backupDir})`);
    }
    for (const other of components.slice(index + 1)) {
      if (overlap(one.root, other.root)) {
        reasons.push(`\`${one.name}\` and \`${other.name}\` overlap (${one.root}, ${other.root})`);
      } else if (overlap(one.archivePath, other.archivePath)) {
        reasons.push(
          `\`${one.name}\` and \`${other.name}\` would overlap in the archive (${one.archivePath}, ${other.archivePath})`,
        );
      }
    }
  }
  return reasons;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [path.posix.join('/', one), path.posix.join('/', other)];
  return relativeInside(a, b) !== undefined || relativeInside(b, a) !== undefined;
}
