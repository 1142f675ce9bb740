import { list, verify } from '@gofr-backup/core';
import {
  BackupError,
  ERRORS,
  formatCount,
  formatDuration,
  formatSize,
  type VerifyOutcome,
} from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { performOrFallBack } from '../queue/work.ts';

interface Options {
  latest?: boolean;
  all?: boolean;
  here?: boolean;
}

export async function run(session: Session, names: string[], options: Options): Promise<number> {
  const request = requestOf(names, options);
  const { backups } = await list(session.context('verify'));
  session.expect(backups.find(({ filename }) => names.length === 0 || filename === names[0]));
  const outcome = await performOrFallBack(session, 'verify', request, {
    here: options.here === true,
    inProcess: () => verify(session.context('verify'), request),
  });
  return answerVerify(session, outcome);
}

/** Answers the exit code. */
export function answerVerify(session: Session, outcome: VerifyOutcome): number {
  const { paint } = session;
  if (outcome.results.length === 0) throw nothingToVerify(session.plan.backupDir);
  const lines = outcome.results.flatMap(({ filename, ok, problems, code, ...read }) => [
    `${ok ? paint.good('✓') : paint.bad('✗')} ${filename}${extent(read)}`,
    ...problems.map((problem) => `    ${problem}`),
    ...(code === undefined || code === 'ARCHIVE_DAMAGED' ? [] : [`    to do: ${ERRORS[code].hint}`]),
  ]);
  session.answer(outcome, lines);
  return exitOf(outcome);
}

const nothingToVerify = (backupDir: string): BackupError =>
  new BackupError('NO_SUCH_BACKUP', 'There is no backup to verify', { why: `${backupDir} holds none` });

/** `: 417 files, 15.32 MB in 2.3 s` */
function extent({
  files,
  bytes,
  ms,
}: Pick<VerifyOutcome['results'][number], 'files' | 'bytes' | 'ms'>): string {
  if (files === undefined || bytes === undefined || ms === undefined) return '';
  return `: ${formatCount(files, 'file')}, ${formatSize(bytes)} in ${formatDuration(ms)}`;
}

/** The exit code: damage outranks all; otherwise the error of the first archive that could not be read. */
function exitOf({ results }: VerifyOutcome): number {
  const exits = results
    .filter(({ ok }) => !ok)
    .map(({ code = 'ARCHIVE_DAMAGED' }): number => ERRORS[code].exit);
  const damaged = ERRORS.ARCHIVE_DAMAGED.exit;
  return exits.includes(damaged) ? damaged : (exits[0] ?? 0);
}

function requestOf(
  names: string[],
  { latest, all }: Options,
): { names: string[] } | { which: 'latest' | 'all' } {
  if ([names.length > 0, latest, all].filter(Boolean).length > 1) {
    throw new BackupError('USAGE', 'Choose only one of: names, --latest, --all', {
      why: 'they exclude each other',
    });
  }
  if (names.length > 0) return { names };
  return { which: all ? 'all' : 'latest' };
}
