import { BackupError, ERRORS, list, verify } from '@gofr-backup/core';
import type { Session } from '../session.ts';
import { performOrFallBack } from '../work.ts';

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
  const { paint } = session;
  const lines = outcome.results.flatMap(({ filename, ok, problems }) => [
    `${ok ? paint.good('✓') : paint.bad('✗')} ${filename}`,
    ...problems.map((problem) => `    ${problem}`),
  ]);
  session.answer(outcome, lines.length === 0 ? 'No backups found\n' : `${lines.join('\n')}\n`);
  return outcome.results.every(({ ok }) => ok) ? 0 : ERRORS.ARCHIVE_DAMAGED.exit;
}

function requestOf(
  names: string[],
  { latest, all }: Options,
): { names: string[] } | { which: 'latest' | 'all' } {
  if ([names.length > 0, latest, all].filter(Boolean).length > 1) {
    throw new BackupError('USAGE', 'Which backups to verify was said twice', {
      why: 'names, --latest and --all exclude each other',
      hint: 'Give names, or --latest, or --all.',
    });
  }
  if (names.length > 0) return { names };
  return { which: all ? 'all' : 'latest' };
}
