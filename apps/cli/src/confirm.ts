import { BackupError } from '@gofr-backup/model';
import { ask } from './ask.ts';
import type { Session } from './session.ts';

/** Returns after a typed `yes`. Throws DECLINED for any other answer, and at once when there is no terminal. */
export async function confirm(session: Session, verb: string): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new BackupError('DECLINED', `The ${verb} was not confirmed`, {
      why: 'nobody can be asked: standard input is not a terminal',
    });
  }
  const answer = await ask(session, 'Type `yes` to go on: ');
  if (answer?.trim().toLowerCase() === 'yes') return;
  throw new BackupError('DECLINED', `The ${verb} was not confirmed`, {
    why: answer === undefined ? 'the question was left' : `the answer was \`${answer.trim()}\``,
  });
}
