/** A drill from a store alone: what is here takes no part in it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupPlan, type DrillOutcome, type OperationContext, toBackupError } from '@gofr-backup/model';
import { Copies, fetchBackup, type Offsite, recordDrill } from '../../offsite/index.ts';
import { prefixOf } from '../../repository/index.ts';
import { drill } from '../drill.ts';

/** `name`: the name of an archive, or `latest`. Needs an identity where the copies are encrypted. */
export async function drillCopy(
  ctx: OperationContext,
  offsite: Offsite,
  name: string,
): Promise<DrillOutcome> {
  const copies = await Copies.open(offsite, { anew: true });
  const copy = copies.find(name);
  const { filename } = copy.name;
  await mkdir(offsite.cacheDir, { recursive: true, mode: 0o700 });
  const backupDir = await mkdtemp(join(offsite.cacheDir, 'drill-'));
  try {
    const outcome = await drillFetched(ctx, { copies, copy, backupDir });
    await recordDrill(offsite, copy, outcome.ok);
    return { ...outcome, backup: filename };
  } finally {
    await rm(backupDir, { recursive: true, force: true });
  }
}

async function drillFetched(
  ctx: OperationContext,
  { copies, copy, backupDir }: { copies: Copies; copy: ReturnType<Copies['find']>; backupDir: string },
): Promise<DrillOutcome> {
  const { filename } = copy.name;
  try {
    await fetchBackup(copies, copy, backupDir);
  } catch (error) {
    const { code, message, why } = toBackupError(error, 'drill');
    if (code !== 'ARCHIVE_DAMAGED') throw error;
    return { backup: filename, ok: false, files: 0, problems: [`${message}: ${why}`] };
  }
  const { keyDir: _ofOurBackups, ...plan } = ctx.plan;
  const inner: BackupPlan = { ...plan, backupDir, prefix: prefixOf(filename) ?? plan.prefix };
  return drill({ ...ctx, plan: inner }, { backup: filename });
}
