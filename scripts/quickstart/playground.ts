/** One folder a run below quickstart-data/: its own copy of the data, its backups, its logs. */
import { cpSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { provideSampleData } from '../sample/sample-data.ts';
import { ROOT } from '../steps.ts';

const QUICKSTART_DATA = join(ROOT, 'quickstart-data');
const RUNS_KEPT = 3;

export interface Playground {
  /** everything of this run */
  root: string;
  /** the user's own directory, only ever read; undefined: sample data, which the run may destroy */
  own: string | undefined;
  backups: string;
  /** the services' own words, kept when something fails */
  log: string;
  /** settings of this run, as every command gets them */
  settings: Record<string, string>;
}

export class PlaygroundError extends Error {}

/** Makes the folder of a run, with fresh sample data unless `own` names a directory. */
export function preparePlayground(own: string | undefined): Playground {
  removeOldRuns();
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(2, 14);
  const root = join(QUICKSTART_DATA, `${stamp}-${process.pid}`);
  const backups = join(root, 'backups');
  mkdirSync(backups, { recursive: true });
  const playground = {
    root,
    backups,
    log: join(root, 'serve.log'),
    own: own === undefined ? undefined : directory(own),
  };
  const settings = { GOFR_PLOT_BACKUP_BACKUP_DIR: backups, ...sources(playground) };
  writeFileSync(join(root, 'settings.env'), asShell(settings));
  return { ...playground, settings };
}

/** A path as a user in the checkout would type it. */
export function shown(path: string): string {
  const below = relative(ROOT, path);
  return below.startsWith('..') ? path : below;
}

function sources({ root, own }: { root: string; own: string | undefined }): Record<string, string> {
  if (own !== undefined) return { GOFR_PLOT_BACKUP_DATA_DIR: own, GOFR_PLOT_BACKUP_PATHS: 'all:.' };
  const sample = join(QUICKSTART_DATA, 'sample');
  provideSampleData(sample);
  for (const part of ['data', 'logs']) {
    cpSync(join(sample, part), join(root, part), { recursive: true, preserveTimestamps: true });
  }
  return { GOFR_PLOT_BACKUP_DATA_DIR: join(root, 'data'), GOFR_PLOT_BACKUP_LOGS_DIR: join(root, 'logs') };
}

function directory(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PlaygroundError(
      `${path} is not a directory.\nGive one to back up: npm run quickstart -- /some/dir`,
    );
  }
  return realpathSync(path);
}

/** Keeps the newest few, and every one whose process is still at work. */
function removeOldRuns(): void {
  mkdirSync(QUICKSTART_DATA, { recursive: true });
  const runs = readdirSync(QUICKSTART_DATA)
    .filter((name) => /^\d{12}-\d+$/.test(name))
    .sort((a, b) => b.localeCompare(a));
  for (const name of runs.slice(RUNS_KEPT - 1)) {
    if (!isAlive(Number(name.split('-')[1])))
      rmSync(join(QUICKSTART_DATA, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function asShell(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
