/** One folder a run below quickstart-data/: its own copy of the data, its backups, its logs. */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { isErrno } from '@gofr-backup/model';
import { provideSampleData } from '../sample/sample-data.ts';
import { ROOT } from '../steps.ts';

const QUICKSTART_DATA = join(ROOT, 'quickstart-data');
const RUNS_KEPT = 3;
/** of the process that made the folder */
const PID_FILE = 'quickstart.pid';

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
  const given = own === undefined ? undefined : directory(own);
  const root = newRun();
  const backups = join(root, 'backups');
  mkdirSync(backups);
  const settings = { GOFR_PLOT_BACKUP_BACKUP_DIR: backups, ...sources(root, given), ...schedule() };
  writeFileSync(join(root, 'settings.env'), asShell(settings));
  return { root, own: given, backups, log: join(root, 'serve.log'), settings };
}

/** Daily, half a day from now: no scheduled run must come between losing the data and having it back. */
function schedule(): Record<string, string> {
  return {
    GOFR_PLOT_BACKUP_TIMEZONE: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    GOFR_PLOT_BACKUP_SCHEDULE: `0 ${(new Date().getHours() + 12) % 24} * * *`,
  };
}

/** The next free number; making the folder is what takes it, so two runs at once have two. */
function newRun(): string {
  mkdirSync(QUICKSTART_DATA, { recursive: true });
  const taken = runs();
  removeOldRuns(taken);
  for (let number = (taken[0] ?? 0) + 1; ; number += 1) {
    const root = folderOf(number);
    try {
      mkdirSync(root);
      writeFileSync(join(root, PID_FILE), String(process.pid));
      return root;
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  }
}

/** A path as a user in the checkout would type it. */
export function shown(path: string): string {
  const below = relative(ROOT, path);
  return below.startsWith('..') ? path : below;
}

function sources(root: string, own: string | undefined): Record<string, string> {
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

/** Numbers of the runs that are there, newest first. */
function runs(): number[] {
  return readdirSync(QUICKSTART_DATA)
    .flatMap((name) => /^run-(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
    .sort((a, b) => b - a);
}

const folderOf = (run: number): string => join(QUICKSTART_DATA, `run-${run}`);

/** Keeps the newest few, and every one that is still at work. */
function removeOldRuns(taken: number[]): void {
  for (const run of taken.slice(RUNS_KEPT - 1)) {
    if (!isAtWork(folderOf(run))) rmSync(folderOf(run), { recursive: true, force: true });
  }
}

function isAtWork(folder: string): boolean {
  try {
    process.kill(Number(readFileSync(join(folder, PID_FILE), 'utf8')), 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function asShell(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
