/** The facts that `doctor` judges, as far as the data and the backup directory tell them. Nothing is changed. */
import { access, constants, stat } from 'node:fs/promises';
import {
  type BytePath,
  type Component,
  fsPath,
  ignoring,
  isErrno,
  madeAt,
  type OperationContext,
  toBackupError,
  toBytePath,
} from '@gofr-backup/model';
import { entriesBelow, lacking } from '@gofr-backup/posix';
import { freeSpace, sharedDisk, withheldDirectories } from '../../repository/index.ts';
import { newestGood } from '../../retention/index.ts';
import { repositoryOf } from '../context.ts';
import type { HealthFacts } from './health-checks.ts';
import { type LiveServer, liveServers } from './live-servers.ts';

export type LocalFacts = Pick<HealthFacts, 'uid' | 'components' | 'space' | 'lacks' | 'sharedDisk'> & {
  servers: readonly LiveServer[];
  backups: Omit<HealthFacts['backups'], 'maxAge'>;
};

export async function lookLocally(ctx: OperationContext): Promise<LocalFacts> {
  const { plan, clock } = ctx;
  const catalogue = await (await repositoryOf(ctx)).catalogue();
  const good = newestGood(catalogue, plan.retention, clock.now());
  const uid = process.getuid?.();
  return {
    uid,
    components: await Promise.all(plan.components.map(lookAt)),
    servers: liveServers(plan.components, withheldDirectories(plan.backupDir)),
    sharedDisk: await sharedDisk(plan),
    space: await spaceOf(plan.backupDir, catalogue[0]?.size_bytes, plan.minFree),
    backups: {
      total: catalogue.length,
      newestGood: good && madeAt(good, plan.timezone),
      lastDrill: lastDrillOf(catalogue),
    },
    lacks: lacking(plan),
  };
}

function lastDrillOf(catalogue: Awaited<ReturnType<Awaited<ReturnType<typeof repositoryOf>>['catalogue']>>) {
  const drilled = catalogue.filter(({ last_drill_at }) => last_drill_at !== undefined);
  const [last] = drilled.toSorted((a, b) => (a.last_drill_at! < b.last_drill_at! ? 1 : -1));
  if (last === undefined) return undefined;
  return { at: Date.parse(last.last_drill_at!), ok: last.last_drill_ok !== false, backup: last.filename };
}

async function spaceOf(
  directory: string,
  lastBackup: number | undefined,
  minFree: number,
): Promise<HealthFacts['space']> {
  try {
    await access(directory, constants.W_OK);
    return { directory, free: await freeSpace(directory), lastBackup, minFree };
  } catch (error) {
    return { directory, problem: toBackupError(error, 'looking at it').why };
  }
}

/** The most names of a component that are tried, once a file was found: above files there may be more directories than that. */
const MOST_TRIED = 5000;

async function lookAt({ name, root }: Component): Promise<HealthFacts['components'][number]> {
  try {
    const tried = { count: 0, files: 0 };
    await readable(root, tried);
    return { name, root, state: tried.files > 0 ? 'filled' : 'empty' };
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return { name, root, state: 'missing' };
    const owner = error instanceof Unreadable ? error.owner : undefined;
    return { name, root, state: 'unreadable', ...(owner === undefined ? {} : { owner }) };
  }
}

class Unreadable extends Error {
  readonly owner: number;
  constructor(owner: number) {
    super('may not be read');
    this.owner = owner;
  }
}

/**
 * Throws Unreadable for the first directory or file that may not be read. Names alone are tried: nothing is opened. A component may
 * be a file itself.
 */
async function readable(root: string, tried: { count: number; files: number }): Promise<void> {
  const start = toBytePath(root);
  if (!(await stat(root)).isDirectory()) {
    tried.files++;
    return tryFile(start);
  }
  for await (const { path, entry } of entriesBelow(start, refused)) {
    if (++tried.count > MOST_TRIED && tried.files > 0) return;
    if (entry.isFile()) await tryFile(path).catch(ignoring('ENOENT'));
    if (entry.isFile() || entry.isSymbolicLink()) tried.files++;
  }
}

const tryFile = (path: BytePath): Promise<void> =>
  access(fsPath(path), constants.R_OK).catch((error: unknown) => refused(path, error));

async function refused(path: BytePath, error: unknown): Promise<never> {
  if (!isErrno(error, 'EACCES', 'EPERM')) throw error;
  throw new Unreadable((await stat(fsPath(path))).uid);
}
