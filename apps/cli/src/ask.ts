/** Questions to the person at the terminal. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { BackupError } from '@gofr-backup/model';
import type { Session } from './session.ts';

/** Undefined when the person leaves the question with Ctrl-C or Ctrl-D. */
export async function ask(
  { signal, note }: Pick<Session, 'signal' | 'note'>,
  question: string,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string | undefined> {
  const prompt = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
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

/** What is typed is not shown. From a pipe the first line counts. Throws DECLINED when there is no answer. */
export async function askSecret(session: Session, question: string): Promise<string> {
  const answer = process.stdin.isTTY ? await askUnseen(session, question) : await firstLine();
  if (answer) return answer;
  throw new BackupError('DECLINED', 'No passphrase was given', {
    why: 'the question was left without an answer',
    hint: 'Type it, or give it on standard input.',
  });
}

async function askUnseen(session: Session, question: string): Promise<string | undefined> {
  process.stderr.write(question);
  try {
    return await ask(session, '', new Writable({ write: (_chunk, _encoding, done) => done() }));
  } finally {
    process.stderr.write('\n');
  }
}

async function firstLine(): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
  }
}
