/** Backup directories as years of runs leave them: one real backup, multiplied under the names of earlier days. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layDownManifest } from '@gofr-backup/core/testing';
import type { Manifest } from '@gofr-backup/model';

export interface BackupDirectory {
  root: string;
  backups: string;
  /** of a command on it */
  environment: NodeJS.ProcessEnv;
}

const SIDECARS = ['.sha256', '.idx', '.json'];
const DAY = 86_400_000;

/** `shared`: all are names of one file, as runs leave them when nothing changes; else each has a file of its own. */
export async function makeBackupDirectory(
  root: string,
  main: string,
  { count, shared }: { count: number; shared: boolean },
): Promise<BackupDirectory> {
  rmSync(root, { recursive: true, force: true });
  const backups = join(root, 'backups');
  mkdirSync(join(root, 'data/storage'), { recursive: true });
  mkdirSync(backups);
  writeFileSync(join(root, 'data/storage/notes.txt'), 'the same every day\n');
  const environment = environmentOf(root, backups);
  execFileSync(process.execPath, [main, 'now'], { env: environment, stdio: 'pipe' });
  await multiply(backups, count, shared);
  return { root, backups, environment };
}

function environmentOf(root: string, backups: string): NodeJS.ProcessEnv {
  const settings = {
    DATA_DIR: join(root, 'data'),
    LOGS_DIR: join(root, 'logs'),
    BACKUP_DIR: backups,
    RETENTION_DAYS: '36500',
    MAX_COUNT: '36500',
    SCHEDULE: '0 2 * * *',
  };
  const prefixed = Object.entries(settings).map(([name, value]) => [`GOFR_PLOT_BACKUP_${name}`, value]);
  return { ...process.env, ...(Object.fromEntries(prefixed) as NodeJS.ProcessEnv) };
}

async function multiply(backups: string, count: number, shared: boolean): Promise<void> {
  const path = join(backups, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const daily = join(backups, 'daily');
  const [first = ''] = readdirSync(daily).filter((name) => name.endsWith('.tar.gz'));
  const model = manifest.backups[first]!;
  for (let age = 1; age < count; age++) {
    const created_at = new Date(Date.parse(model.created_at!) - age * DAY).toISOString();
    const timestamp = created_at.slice(0, 19);
    const filename = first.replace(/\d{8}_\d{6}/, timestamp.replaceAll(/[-:]/g, '').replace('T', '_'));
    const entry = { ...model, filename, filepath: join(daily, filename), timestamp, created_at };
    const [from, to] = [join(daily, first), join(daily, filename)];
    if (shared) linkSync(from, to);
    else copyFileSync(from, to);
    copyFileSync(`${from}.idx`, `${to}.idx`);
    for (const sidecar of SIDECARS.filter((one) => one !== '.idx'))
      writeFileSync(to + sidecar, readFileSync(from + sidecar, 'utf8').replaceAll(first, filename));
    manifest.backups[filename] = entry;
  }
  await layDownManifest({ backupDir: backups, project: 'plot' }, Object.values(manifest.backups));
}
