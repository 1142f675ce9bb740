/** One project: its settings, where its components lie, and what it excludes. */
import { join } from 'node:path';
import { loadSettings, planFrom } from '@gofr-backup/config';
import type { BackupPlan } from '@gofr-backup/model';
import { type Draw, weighted } from '../draw.ts';
import type { Exclude } from './excludes.ts';

export interface Project {
  name: string;
  prefix: string;
  /** real directories of the components, by where they lie in the archive */
  roots: Record<string, string>;
  excludes: Exclude[];
  settings: Record<string, string>;
}

interface Made {
  name: string;
  prefix: string;
  /** what its data lie below */
  home: string;
  /** when it is called otherwise than it lies */
  dataDir?: string;
  shared: Record<string, string>;
  draw: Draw;
}

export function makeProject({ name, prefix, home, dataDir, shared, draw }: Made): Project {
  const settings = {
    ...shared,
    DATA_DIR: dataDir ?? join(home, 'data'),
    LOGS_DIR: join(home, 'logs'),
    PREFIX: prefix,
    THREADS: '1',
    NICE: '0',
    COMPRESSION: weighted(draw, [
      [6, 'gzip'],
      [2, 'none'],
      [1, 'bzip2'],
      [1, 'xz'],
    ]),
    COMPRESSION_LEVEL: '1',
    VERIFY_AFTER_BACKUP: String(draw.maybe(0.8)),
    LINK_UNCHANGED: String(draw.maybe(0.5)),
    RETENTION_DAYS: String(1 + draw.below(5)),
    MAX_COUNT: String(2 + draw.below(3)),
    KEEP_LAST: String(draw.below(3)),
    TRASH_DAYS: draw.pick(['0', '0', '2', '7']),
    ENABLE_WEEKLY: String(draw.maybe(0.5)),
    WEEKLY_RETENTION_WEEKS: '1',
    ENABLE_MONTHLY: String(draw.maybe(0.3)),
    MONTHLY_RETENTION_MONTHS: '1',
    ANOMALY_PERCENT: draw.pick(['0', '0', '50']),
  };
  const roots = {
    'data/storage': join(home, 'data/storage'),
    'data/auth': join(home, 'data/auth'),
    logs: join(home, 'logs'),
  };
  return { name, prefix, roots, excludes: [], settings };
}

/** As an operator's settings make one. */
export function planOf({ name, settings, excludes }: Project): BackupPlan {
  const own = Object.entries(settings).map(([key, value]) => [`BACKUP_${key}`, value]);
  const EXCLUDE = excludes.map(({ pattern }) => pattern).join(',');
  return planFrom(loadSettings({ ...Object.fromEntries(own), BACKUP_EXCLUDE: EXCLUDE, GOFR_PROJECT: name }));
}
