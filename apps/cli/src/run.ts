/** Runs one verb: opens the session, and turns whatever goes wrong into an exit code. */
import { BackupError, isErrno, toBackupError } from '@gofr-backup/model';
import { reportError } from './errors.ts';
import { screenOn } from './screen.ts';
import { openSession, type Session } from './session.ts';
import type { Verb } from './verb.ts';

export async function runWith({ verb, json, load, args, options }: Verb): Promise<number> {
  ignoreClosedPipe();
  let session: Session | undefined;
  try {
    session = openSession(json);
    const { run } = await load();
    return (await run(session, args, options as never)) ?? 0;
  } catch (error) {
    session?.screen.clear();
    return reportError(
      toBackupError(error, `gofr-backup ${verb}`),
      json,
      session?.screen ?? screenOn(process.stderr),
    );
  } finally {
    session?.releaseSignals();
  }
}

/** What the parser complained about, in the form of every other error. */
export function reportUsage(argv: readonly string[], complaint: string): number {
  const [first = '', ...rest] = complaint.trim().split('\n');
  const why = [first.replace(/^error: /, ''), ...rest].join(' ').trim();
  const verb = argv.find((arg) => !arg.startsWith('-'));
  const error =
    verb === undefined
      ? new BackupError('USAGE', 'No command was given', {
          why: 'gofr-backup needs one, such as `now` or `list`',
        })
      : new BackupError('USAGE', `This is not a way to call gofr-backup ${verb}`, { why });
  return reportError(error, argv.includes('--json'), screenOn(process.stderr));
}

/** `gofr-backup files … | head` ends quietly. */
function ignoreClosedPipe(): void {
  process.stdout.on('error', (error: unknown) => {
    if (isErrno(error, 'EPIPE')) process.exit(0);
    throw error;
  });
}
