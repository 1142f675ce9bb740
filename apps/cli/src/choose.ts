/** Restore by choosing: which backup, then what of it. */
import { isCancel, multiselect, select, type CANCEL_SYMBOL } from '@clack/prompts';
import { list } from '@gofr-backup/core';
import {
  BackupError,
  type CatalogueEntry,
  formatSize,
  formatSpan,
  isFuture,
  oneLine,
  type RestoreRequest,
  systemClock,
} from '@gofr-backup/model';
import type { Session } from './session.ts';
import { columns } from './columns.ts';

/** Throws DECLINED when there is no terminal or the person leaves, NO_SUCH_BACKUP when there is no backup to choose. */
export async function chooseRestore(session: Session): Promise<Pick<RestoreRequest, 'backup' | 'only'>> {
  if (process.stdin.isTTY !== true) {
    throw new BackupError('DECLINED', 'There is nobody to choose a backup', {
      why: 'standard input is not a terminal',
      hint: 'Nothing was changed. Name the backup, or pass --latest, with --yes.',
    });
  }
  const { backups } = await list(session.context('restore'));
  if (backups.length === 0) {
    throw new BackupError('NO_SUCH_BACKUP', 'There is no backup to restore', {
      why: `${session.plan.backupDir} holds none`,
    });
  }
  const backup = await chooseBackup(backups);
  const components = backups.find(({ filename }) => filename === backup)?.components ?? [];
  const only = components.length > 1 ? await chooseComponents(components) : undefined;
  return { backup, ...(only === undefined ? {} : { only }) };
}

async function chooseBackup(backups: CatalogueEntry[]): Promise<string> {
  const labels = columns(backups.map(describe));
  return answered(
    await select({
      message: 'Which backup?  (size, age, tier, verified)',
      output: process.stderr,
      withGuide: false, // its width is counted with its colours, which wraps lines that fit
      maxItems: 12,
      options: backups.map(({ filename }, at) => ({ value: filename, label: labels[at] ?? filename })),
    }),
  );
}

/** Fits a terminal of 80 columns. */
function describe(entry: CatalogueEntry): string[] {
  const age = systemClock.now() - Date.parse(entry.created_at ?? entry.timestamp);
  const passed = Number.isNaN(age) ? 'unknown' : age < 60_000 ? 'just now' : formatSpan(age);
  const shown = isFuture(entry, systemClock.now()) ? 'in the future' : passed;
  return [
    entry.filename,
    formatSize(entry.size_bytes).padStart(9),
    shown,
    entry.tier,
    entry.verified ? '✓' : '✗',
  ];
}

/** Undefined: everything. */
async function chooseComponents(components: string[]): Promise<string[] | undefined> {
  const chosen = answered(
    await multiselect({
      message: 'Restore which parts?',
      output: process.stderr,
      withGuide: false,
      options: components.map((name) => ({ value: name, label: oneLine(name) })),
      initialValues: components,
      required: true,
    }),
  );
  return chosen.length === components.length ? undefined : chosen;
}

function answered<T>(answer: T | typeof CANCEL_SYMBOL): T {
  if (!isCancel(answer)) return answer;
  throw new BackupError('DECLINED', 'No backup was chosen', { why: 'the choice was left' });
}
