/** What lies in a backup directory, found by name alone and through no link. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Items, photograph } from './photograph.ts';

export interface Backup {
  name: string;
  prefix: string;
  tier: string;
  /** milliseconds since the epoch, as its name says */
  at: number;
  path: string;
  sha256: string;
  inTrash: boolean;
}

const NAME =
  /^(?!\.tmp-)(.+)_(daily|weekly|monthly)_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?:_\d+)?\.tar(?:\.(?:gz|bz2|xz|zst))?$/s;
const SIDECAR = /\.(sha256|idx|json)$/;
const STATE = '.gofr-backup';

export const backupsIn = (backupDir: string): Backup[] =>
  backupsAmong(
    backupDir,
    photograph(backupDir, () => false),
  );

export function backupsAmong(backupDir: string, items: Items): Backup[] {
  return [...items].flatMap(([path, { kind, bytes }]) => {
    const parsed = NAME.exec(path.slice(path.lastIndexOf('/') + 1));
    const inTrash = path.startsWith(join(backupDir, STATE, 'trash/'));
    const [name = '', prefix = '', tier = '', ...time] = parsed ?? [];
    if (kind !== 'file' || parsed === null || (!inTrash && path !== join(backupDir, tier, name))) return [];
    const [year, month, day, hour, minute, second] = time.map(Number);
    const at = Date.UTC(year!, month! - 1, day, hour, minute, second);
    return [{ name, prefix, tier, at, path, inTrash, sha256: bytes.slice('file '.length) }];
  });
}

/** What is not for this prefix's commands to touch: other people's files, and other projects' backups with what is beside them. */
export function foreignAmong(backupDir: string, items: Items, prefix: string): Items {
  return new Map(
    [...items].filter(([path, { kind }]) => {
      if (kind === 'directory') return false;
      const name = path.slice(path.lastIndexOf('/') + 1);
      const owner = NAME.exec(name.replace(SIDECAR, ''))?.[1];
      if (path.startsWith(join(backupDir, `${STATE}/`)))
        return path.includes('/trash/') && owner !== undefined && owner !== prefix;
      return owner === undefined ? !/^(manifest|\.tmp-|\.gofr-backup)/.test(name) : owner !== prefix;
    }),
  );
}

/** As the manifest has them; none when it cannot be read. */
export function statusesIn(backupDir: string): Map<string, string> {
  const path = join(backupDir, 'manifest.json');
  if (!existsSync(path) || !lstatSync(path).isFile()) return new Map();
  try {
    const { backups } = JSON.parse(readFileSync(path, 'utf8')) as {
      backups: Record<string, { status: string }>;
    };
    return new Map(Object.entries(backups).map(([name, { status }]) => [name, status]));
  } catch {
    return new Map();
  }
}
