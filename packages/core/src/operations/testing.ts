/** For tests: a service's data, a backup directory, and a context to run operations in. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BackupPlan,
  type Clock,
  noProgress,
  type OperationContext,
  silentLogger,
} from '@gofr-backup/model';

export interface Scene extends AsyncDisposable {
  ctx: OperationContext;
  /** DATA_DIR */
  data: string;
  /** BACKUP_DIR */
  backups: string;
  /** the same scene with another plan */
  with(changes: Partial<BackupPlan>): OperationContext;
}

export async function scene(clock: Clock, changes: Partial<BackupPlan> = {}): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'gofr-operation-'));
  const data = join(root, 'data');
  const plan = { ...planOf(data, join(root, 'backups')), ...changes };
  const ctx = contextOf(plan, clock);
  return {
    ctx,
    data,
    backups: plan.backupDir,
    with: (others) => ({ ...ctx, plan: { ...plan, ...others } }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export const contextOf = (plan: BackupPlan, clock: Clock): OperationContext => ({
  plan,
  clock,
  owner: 'test',
  logger: silentLogger,
  progress: noProgress,
  signal: new AbortController().signal,
});

export function planOf(dataDir: string, backupDir: string): BackupPlan {
  const component = (name: string) => ({
    name,
    root: join(dataDir, name),
    archivePath: `data/${name}`,
    select: 'all' as const,
  });
  return {
    project: 'plot',
    prefix: 'gofr-plot',
    timezone: 'UTC',
    backupDir,
    dataDir,
    components: [component('storage'), component('auth')],
    exclude: [],
    codec: { name: 'gzip', level: 6 },
    threads: 2,
    nice: 0,
    verifyAfterBackup: true,
    linkUnchanged: false,
    retention: {
      retentionDays: 30,
      maxCount: 90,
      keepLast: 3,
      weeklyWeeks: 8,
      monthlyMonths: 12,
      timezone: 'UTC',
      unverifiedIsGood: false,
      anomalyPercent: 50,
    },
    trashDays: 0,
    minFree: 0,
    commandTimeout: 60_000,
  };
}
