import { drill } from '@gofr-backup/core';
import { type DrillOutcome, ERRORS, formatCount } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { performOrFallBack } from '../queue/work.ts';

export async function run(session: Session, [name]: string[], options: { here?: boolean }): Promise<number> {
  const request = { backup: name ?? 'latest' };
  const outcome = await performOrFallBack(session, 'drill', request, {
    here: options.here === true,
    inProcess: () => drill(session.context('drill'), request),
  });
  return answerDrill(session, outcome);
}

/** Answers the exit code. */
export function answerDrill(session: Session, outcome: DrillOutcome): number {
  const { paint } = session;
  const sign = outcome.ok ? paint.good('✓') : paint.bad('✗');
  const verdict = outcome.ok
    ? `restored and compared ${formatCount(outcome.files, 'file')}`
    : 'the drill failed';
  const lines = [
    `${sign} ${outcome.backup}: ${verdict}`,
    ...outcome.problems.map((problem) => `    ${problem}`),
  ];
  session.answer(outcome, lines);
  return outcome.ok ? 0 : ERRORS.ARCHIVE_DAMAGED.exit;
}
