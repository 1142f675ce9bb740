import { createInterface } from 'node:readline/promises';
import { BackupError } from '@gofr-backup/model';
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

/** Undefined when the person leaves the question with Ctrl-C or Ctrl-D. */
async function ask({ signal, note }: Session, question: string): Promise<string | undefined> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<undefined>((resolve) => prompt.once('close', () => resolve(undefined)));
  try {
    return await Promise.race([prompt.question(question, { signal }), left]);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
    note('');
    return undefined;
  } finally {
    prompt.close();
  }
}
