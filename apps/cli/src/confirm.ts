import { createInterface } from 'node:readline/promises';
import { BackupError } from '@gofr-backup/core';
import type { Session } from './session.ts';

/** Goes on only after a typed `yes`; DECLINED for anything else, and at once when nobody is there to answer. */
export async function confirm(session: Session, verb: string): Promise<void> {
  if (process.stdin.isTTY !== true) {
    throw new BackupError('DECLINED', `The ${verb} was not confirmed`, {
      why: 'nobody can be asked: standard input is not a terminal',
    });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question('Type `yes` to go on: ', { signal: session.signal });
    if (answer.trim().toLowerCase() === 'yes') return;
    throw new BackupError('DECLINED', `The ${verb} was not confirmed`, {
      why: `the answer was \`${answer.trim()}\``,
    });
  } finally {
    prompt.close();
  }
}
